"""Codes as pictures."""

import numpy as np
import pytest
import zxingcpp

from pipeline.codes.kinds import CodeKind
from pipeline.codes.symbols.symbol import Symbol, random_symbol

FORMS = {
    CodeKind.QR_CODE: {"QRCode", "QRCodeModel2", "MicroQRCode", "RMQRCode"},
    CodeKind.DATA_MATRIX: {"DataMatrix"},
    CodeKind.AZTEC: {"Aztec", "AztecCode", "AztecRune"},
    CodeKind.PDF417: {"PDF417", "CompactPDF417", "MicroPDF417"},
}


def _symbols(kind: CodeKind, count: int, extent_px: int = 320) -> list[Symbol]:
    return [random_symbol(np.random.default_rng([7, n]), kind, extent_px) for n in range(count)]


def _forms_read(symbol: Symbol) -> set[str]:
    image = np.pad(symbol.image, 12 * symbol.module_px, constant_values=255)
    return {barcode.format.name for barcode in zxingcpp.read_barcodes(image)}


@pytest.mark.parametrize("kind", CodeKind)
@pytest.mark.parametrize("extent_px", [1, 90, 320])
def test_the_corners_enclose_the_printed_modules(kind: CodeKind, extent_px: int) -> None:
    """There is ink along each side within a module, and none beyond but for the text below."""
    for symbol in _symbols(kind, 25, extent_px):
        left, top = symbol.corners[0].astype(int)
        right, bottom = symbol.corners[2].astype(int)

        ink, module = symbol.ink > 0, symbol.module_px

        assert not ink[:top].any()
        assert not ink[:, :left].any()
        assert not ink[:, right:].any()
        assert ink[top : top + module, left:right].any()
        assert ink[bottom - module : bottom, left:right].any()
        assert ink[top:bottom, left : left + module].any()
        assert ink[top:bottom, right - module : right].any()
        if kind is not CodeKind.LINEAR_BARCODE:
            assert not ink[bottom:].any()


@pytest.mark.parametrize("kind", CodeKind)
def test_most_codes_are_read_as_what_they_are(kind: CodeKind) -> None:
    """A reader agrees with the kind; a few are too worn, as in the field."""
    symbols = _symbols(kind, 30)

    read = [_forms_read(symbol) for symbol in symbols]

    matrix_forms = set.union(*FORMS.values())
    if kind is CodeKind.LINEAR_BARCODE:
        right = [bool(forms) and not forms & matrix_forms for forms in read]
    else:
        right = [bool(forms & FORMS[kind]) for forms in read]
    assert sum(right) >= 20


def test_the_longer_side_is_about_as_asked() -> None:
    """A module has a whole number of pixels, so that the size is only near."""
    symbols = _symbols(CodeKind.AZTEC, 20, extent_px=300)

    sides = [float(symbol.corners[1, 0] - symbol.corners[0, 0]) for symbol in symbols]

    assert all(200 < side < 400 for side in sides)


def test_the_same_seed_writes_the_same_code() -> None:
    """All choices come from the generator."""
    first, second = (
        random_symbol(np.random.default_rng(5), CodeKind.LINEAR_BARCODE) for _ in range(2)
    )

    assert first.ink.tobytes() == second.ink.tobytes()
    assert first.corners.tolist() == second.corners.tolist()


def test_the_picture_is_black_on_white() -> None:
    """Ink is dark in the picture."""
    symbol = Symbol(CodeKind.AZTEC, np.array([[0, 255]], np.uint8), np.zeros((4, 2), np.float32), 1)

    assert symbol.image.tolist() == [[255, 0]]
