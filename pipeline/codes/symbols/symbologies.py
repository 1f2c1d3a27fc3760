"""A code as its grid of modules, written by zxing-cpp with random content and form."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import zxingcpp
from numpy.typing import NDArray

from pipeline.codes.kinds import CodeKind
from pipeline.codes.painting.draws import chance, pick, size_between
from pipeline.codes.painting.weighted import weighted
from pipeline.codes.symbols.linear_payloads import linear_payload
from pipeline.codes.symbols.payloads import random_digits, random_payload

_LINEAR_WEIGHTS: Mapping[str, float] = {
    "EAN13": 26,
    "EAN8": 6,
    "UPCA": 12,
    "UPCE": 5,
    "Code128": 22,
    "Code39": 9,
    "Code93": 3,
    "ITF": 5,
    "ITF14": 3,
    "Codabar": 3,
    "DataBarOmni": 2,
    "DataBarLtd": 2,
    "DataBarExp": 2,
    "DataBarStk": 1,
    "DataBarStkOmni": 1,
    "DataBarExpStk": 2,
}
_GUARDED = ("EAN13", "EAN8", "UPCA", "UPCE")
_GUARD_ROWS = 5
_STACKED = ("DataBarStk", "DataBarStkOmni", "DataBarExpStk")


@dataclass(frozen=True, slots=True)
class ModuleGrid:
    """A code, a module a cell.

    Attributes:
        modules: Whether each module is dark, [rows, columns].
        form: zxing-cpp's name of the symbology, such as `EAN13`.
        text: What people read below a linear code; empty for others.
        guard_rows: How many rows at the bottom hold nothing but bars that are longer than the rest.
    """

    modules: NDArray[np.bool_]
    form: str
    text: str = ""
    guard_rows: int = 0


def random_grid(rng: np.random.Generator, kind: CodeKind) -> ModuleGrid:
    """Write one code of a kind, in one of the forms it has in the field."""
    return {
        CodeKind.QR_CODE: _qr_code,
        CodeKind.DATA_MATRIX: _data_matrix,
        CodeKind.AZTEC: _aztec,
        CodeKind.PDF417: _pdf417,
        CodeKind.LINEAR_BARCODE: _linear,
    }[kind](rng)


def write_modules(content: str | bytes, form: str, **options: object) -> NDArray[np.bool_]:
    """Write a code, a module a cell.

    Args:
        content: What it says.
        form: zxing-cpp's name of the symbology.
        options: As `zxingcpp.create_barcode` takes them.

    Returns:
        Whether each module is dark, [rows, columns].

    Raises:
        ValueError: The content does not fit the form.
    """
    barcode = zxingcpp.create_barcode(content, getattr(zxingcpp.BarcodeFormat, form), **options)
    image = zxingcpp.write_barcode_to_image(barcode, scale=1, add_hrt=False, add_quiet_zones=False)
    return np.asarray(np.array(image) == 0, np.bool_)


def _write_fitting(
    rng: np.random.Generator, length: int, form: str, **options: object
) -> ModuleGrid:
    """Halve the content until it fits into the size that the options ask for."""
    while length > 1:
        try:
            return ModuleGrid(write_modules(random_payload(rng, length), form, **options), form)
        except ValueError:
            length //= 2
    return ModuleGrid(write_modules(random_digits(rng, 2), form), form)


def _qr_code(rng: np.random.Generator) -> ModuleGrid:
    form = weighted(rng, {"QRCode": 94, "MicroQRCode": 3, "RMQRCode": 3})
    if form != "QRCode":
        return _write_fitting(rng, int(rng.integers(2, 30)), form)
    version = 1 + int(20 * rng.beta(1.1, 4))
    level = pick(rng, ("L", "M", "Q", "H"))
    length = int((0.7 * version**2 + 11 * version) * rng.uniform(0.25, 0.95))
    return _write_fitting(rng, length, form, version=version, ecLevel=level)


def _data_matrix(rng: np.random.Generator) -> ModuleGrid:
    rectangular = chance(rng, 0.14)
    version = int(rng.integers(25, 31)) if rectangular else 1 + int(20 * rng.beta(1.4, 3))
    length = int(size_between(rng, 3, 4 + version**2))
    return _write_fitting(rng, length, "DataMatrix", version=version)


def _aztec(rng: np.random.Generator) -> ModuleGrid:
    form = weighted(rng, {"Aztec": 98, "AztecRune": 2})
    if form == "AztecRune":
        return ModuleGrid(write_modules(str(rng.integers(0, 256)), form), form)
    version = int(rng.integers(1, 5)) if chance(rng, 0.45) else 5 + int(16 * rng.beta(1.2, 2.5))
    length = int(size_between(rng, 4, 8 + 2 * version**2))
    return _write_fitting(rng, length, form, version=version)


def _pdf417(rng: np.random.Generator) -> ModuleGrid:
    form = weighted(rng, {"PDF417": 85, "CompactPDF417": 9, "MicroPDF417": 6})
    length = int(size_between(rng, 8, 500))
    if form == "MicroPDF417":
        grid = _write_fitting(rng, min(length, 90), form)
        return ModuleGrid(_stretched_rows(rng, grid.modules, 2), form)
    columns = 1 + int(14 * rng.beta(1.6, 3.5))
    level = str(rng.integers(1, 6))
    grid = _write_fitting(rng, length, form, columns=columns, ecLevel=level)
    return ModuleGrid(_stretched_rows(rng, grid.modules, 3), form)


def _stretched_rows(
    rng: np.random.Generator, modules: NDArray[np.bool_], rows_each: int
) -> NDArray[np.bool_]:
    """Give each row of codewords another height, in modules."""
    height = weighted(rng, {2: 2, 3: 5, 4: 2, 5: 1})
    return np.repeat(modules[::rows_each], height, axis=0)


def _linear(rng: np.random.Generator) -> ModuleGrid:
    form = weighted(rng, _LINEAR_WEIGHTS)
    content, text = linear_payload(rng, form)
    modules = _trimmed(write_modules(content, form))
    if form in _STACKED:
        return ModuleGrid(modules, form, text)
    modules = _with_height(modules, _bar_height(rng, modules.shape[1]))
    if form not in _GUARDED:
        return ModuleGrid(modules, form, text)
    if chance(rng, 0.15):
        return ModuleGrid(modules[:-_GUARD_ROWS], form, text)
    return ModuleGrid(modules, form, text, _GUARD_ROWS)


def _trimmed(modules: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Leave out the light modules that some forms begin or end with."""
    dark = np.flatnonzero(modules.any(axis=0))
    return modules[:, dark[0] : dark[-1] + 1]


def _bar_height(rng: np.random.Generator, width: int) -> int:
    """Draw the height of the bars in modules: strips on parcels, towers on groceries."""
    ratio = weighted(rng, {(0.07, 0.16): 2, (0.16, 0.35): 4, (0.35, 0.75): 5, (0.75, 1.1): 0.6})
    return max(8, round(width * rng.uniform(*ratio)))


def _with_height(modules: NDArray[np.bool_], height: int) -> NDArray[np.bool_]:
    """Stretch the tallest run of equal rows, so that guard and bearer bars keep theirs."""
    changes = np.flatnonzero((modules[1:] != modules[:-1]).any(axis=1)) + 1
    edges = np.concatenate(([0], changes, [len(modules)]))
    counts = np.diff(edges)
    counts[np.argmax(counts)] = height
    return np.repeat(modules[edges[:-1]], counts, axis=0)
