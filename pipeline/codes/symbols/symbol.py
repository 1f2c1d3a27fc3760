"""One code as a picture: modules, quiet zone, human-readable text and the faults of print."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.codes.kinds import CodeKind
from pipeline.codes.painting.draws import chance, pick
from pipeline.codes.painting.weighted import weighted
from pipeline.codes.symbols.captions import random_caption
from pipeline.codes.symbols.symbologies import ModuleGrid, random_grid

_FINDER_MODULES = 7
_DETAIL_PX = 4
"""Modules of fewer pixels show no roundness, growth or grain."""

_MODULE_PX_MAX = 24


@dataclass(frozen=True, slots=True)
class Symbol:
    """A printed code and the quiet zone around it.

    Attributes:
        kind: What it is.
        ink: How much ink covers each pixel, 0 (none)..255, uint8 [height, width].
        corners: Of the code without quiet zone and text: top left, top right, bottom right,
            bottom left; x and y in pixels, where (0, 0) is the picture's top left corner;
            float32 [4, 2].
        module_px: Pixels of a module's side.
    """

    kind: CodeKind
    ink: NDArray[np.uint8]
    corners: NDArray[np.float32]
    module_px: int

    @property
    def image(self) -> NDArray[np.uint8]:
        """The code in black on white, uint8 [height, width]."""
        return 255 - self.ink


def random_symbol(rng: np.random.Generator, kind: CodeKind, extent_px: int = 320) -> Symbol:
    """Write one code.

    Args:
        rng: Where all choices come from.
        kind: What to write.
        extent_px: About how many pixels the code's longer side shall have; a code of more modules
            than that gets a pixel a module.
    """
    grid = random_grid(rng, kind)
    module_px = int(np.clip(round(extent_px / max(grid.modules.shape)), 1, _MODULE_PX_MAX))
    ink = _raster(rng, kind, grid, module_px)
    if module_px >= _DETAIL_PX:
        ink = _with_faults(rng, ink, module_px)
    return _framed(rng, kind, grid, ink, module_px)


def _raster(
    rng: np.random.Generator, kind: CodeKind, grid: ModuleGrid, module_px: int
) -> NDArray[np.uint8]:
    squares = _squares(grid.modules, module_px)
    if module_px < _DETAIL_PX:
        return squares
    if kind is CodeKind.DATA_MATRIX and chance(rng, 0.2):
        return _dots(rng, grid.modules, module_px)
    if grid.form == "QRCode":
        return _styled_qr(rng, grid, squares, module_px)
    if kind is CodeKind.AZTEC and chance(rng, 0.06):
        return _rounded(squares, module_px)
    return squares


def _squares(modules: NDArray[np.bool_], module_px: int) -> NDArray[np.uint8]:
    return np.kron(modules.astype(np.uint8) * 255, np.ones((module_px, module_px), np.uint8))


def _dots(
    rng: np.random.Generator, modules: NDArray[np.bool_], module_px: int
) -> NDArray[np.uint8]:
    centre = (module_px - 1) / 2
    rows, columns = np.mgrid[:module_px, :module_px]
    distance = np.hypot(rows - centre, columns - centre)
    radius = rng.uniform(0.33, 0.5) * module_px
    dot = np.clip((radius - distance + 0.5) * 255, 0, 255).astype(np.uint8)
    return np.kron(modules.astype(np.uint8), dot)


def _rounded(squares: NDArray[np.uint8], module_px: int) -> NDArray[np.uint8]:
    """Round the corners of joined modules: blur, then cut at half."""
    soft = cv2.GaussianBlur(squares, (0, 0), module_px * 0.3)
    return np.clip((soft.astype(np.int16) - 128) * 3 + 128, 0, 255).astype(np.uint8)


def _styled_qr(
    rng: np.random.Generator, grid: ModuleGrid, squares: NDArray[np.uint8], module_px: int
) -> NDArray[np.uint8]:
    style = weighted(rng, {"squares": 86, "dots": 6, "rounded": 8})
    ink = squares
    if style == "dots":
        ink = _dots(rng, grid.modules, module_px)
        finder, end = _FINDER_MODULES * module_px, len(squares)
        for top, left in ((0, 0), (0, end - finder), (end - finder, 0)):
            area = np.s_[top : top + finder, left : left + finder]
            ink[area] = squares[area]
    elif style == "rounded":
        ink = _rounded(squares, module_px)
    return _with_logo(rng, ink) if chance(rng, 0.12) else ink


def _with_logo(rng: np.random.Generator, ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Put a blank patch with a sign on it in the middle, as error correction allows."""
    ink = ink.copy()
    side = len(ink)
    half = int(side * rng.uniform(0.09, 0.15))
    centre = (side // 2, side // 2)
    if chance(rng, 0.5):
        cv2.circle(ink, centre, half, 0, -1)
    else:
        cv2.rectangle(ink, (side // 2 - half,) * 2, (side // 2 + half,) * 2, 0, -1)
    shade = int(rng.integers(90, 256))
    cv2.circle(ink, centre, int(half * rng.uniform(0.3, 0.8)), shade, pick(rng, (-1, 2, 3)))
    return ink


def _with_faults(
    rng: np.random.Generator, ink: NDArray[np.uint8], module_px: int
) -> NDArray[np.uint8]:
    if chance(rng, 0.25):
        ink = _grown(rng, ink, module_px)
    if chance(rng, 0.08):
        ink = _with_streaks(rng, ink, module_px)
    if chance(rng, 0.08):
        ink = _with_specks(rng, ink, module_px)
    if chance(rng, 0.08):
        ink = _with_fading(rng, ink)
    return ink


def _grown(rng: np.random.Generator, ink: NDArray[np.uint8], module_px: int) -> NDArray[np.uint8]:
    """Let ink run, or run short, by up to a quarter of a module."""
    size = 1 + int(rng.integers(1, max(2, module_px // 3)))
    shape = pick(rng, ((size, size), (size, 1), (1, size)))
    kernel = np.ones(shape, np.uint8)
    return (cv2.dilate if chance(rng, 0.6) else cv2.erode)(ink, kernel).astype(np.uint8)


def _with_streaks(
    rng: np.random.Generator, ink: NDArray[np.uint8], module_px: int
) -> NDArray[np.uint8]:
    """Leave out thin lines, as a printer with a dead dot does."""
    ink = ink.copy()
    across = chance(rng, 0.5)
    lines = ink if across else ink.T
    for _ in range(int(rng.integers(1, 4))):
        start = int(rng.integers(0, len(lines)))
        lines[start : start + max(1, module_px // 4)] = int(rng.integers(0, 120))
    return ink


def _with_specks(
    rng: np.random.Generator, ink: NDArray[np.uint8], module_px: int
) -> NDArray[np.uint8]:
    """Spray dark and light spots over it."""
    ink = ink.copy()
    height, width = ink.shape
    for _ in range(int(rng.integers(5, 60))):
        centre = (int(rng.integers(width)), int(rng.integers(height)))
        radius = int(rng.integers(1, max(2, module_px // 2)))
        cv2.circle(ink, centre, radius, pick(rng, (0, 0, 255)), -1)
    return ink


def _with_fading(rng: np.random.Generator, ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Let the ink grow pale in places."""
    coarse = rng.uniform(0.35, 1.0, (3, 3)).astype(np.float32)
    strength = cv2.resize(coarse, ink.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return (ink * strength).astype(np.uint8)


def _framed(
    rng: np.random.Generator,
    kind: CodeKind,
    grid: ModuleGrid,
    ink: NDArray[np.uint8],
    module_px: int,
) -> Symbol:
    """Put a quiet zone around a code and, below a linear one, often its text."""
    zone = max(1, int(module_px * _quiet_modules(rng, kind)))
    height, width = ink.shape
    caption = None
    if grid.text and chance(rng, 0.75):
        caption = random_caption(rng, grid, (width, height), module_px)
    bottom = height if caption is None else max(height, caption.top + caption.ink.shape[0])
    canvas = np.zeros((bottom + 2 * zone, width + 2 * zone), np.uint8)
    canvas[zone : zone + height, zone : zone + width] = ink
    if caption is not None:
        top, left = zone + caption.top, zone + caption.left
        area = canvas[top : top + caption.ink.shape[0], left : left + caption.ink.shape[1]]
        np.maximum(area, caption.ink, out=area)
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32) + zone
    return Symbol(kind, canvas, corners, module_px)


def _quiet_modules(rng: np.random.Generator, kind: CodeKind) -> float:
    usual = 9.0 if kind is CodeKind.LINEAR_BARCODE else 3.0
    return float(rng.uniform(0.3, 1.6) * usual)
