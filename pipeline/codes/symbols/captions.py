"""What people read below the bars of a linear code."""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.codes.painting.canvas import Mask
from pipeline.codes.painting.draws import chance, pick
from pipeline.codes.painting.lettering import line_mask
from pipeline.codes.symbols.symbologies import ModuleGrid

_FACES = ("DejaVuSans", "DejaVuSans-Bold", "DejaVuSansMono", "DejaVuSansMono-Bold")
_DIGIT_MODULES = 7
_GROUPS: Mapping[str, tuple[tuple[int, int, int], ...]] = {
    "EAN13": ((3, 1, 7), (50, 7, 13)),
    "EAN8": ((3, 0, 4), (36, 4, 8)),
    "UPCA": ((10, 1, 6), (50, 6, 11)),
    "UPCE": ((3, 1, 7),),
}
"""Where digits stand between the guard bars: first module, first digit, end (GS1 5.2)."""


@dataclass(frozen=True, slots=True)
class Caption:
    """Print below a code.

    Attributes:
        ink: How much ink covers each pixel, 0..255, uint8 [height, width].
        left: Pixels from the code's left edge; may be below 0.
        top: Pixels from the code's top edge.
    """

    ink: Mask
    left: int
    top: int


def random_caption(
    rng: np.random.Generator, grid: ModuleGrid, size_wh: tuple[int, int], module_px: int
) -> Caption:
    """Write a code's text, between its guard bars where it has some.

    Args:
        rng: Where all choices come from.
        grid: The code, with text.
        size_wh: The code's width and height in pixels.
        module_px: Pixels of a module's side.
    """
    width, height = size_wh
    if grid.guard_rows:
        ink = _grouped(rng, grid, width, module_px)
        return Caption(ink, 0, height - (grid.guard_rows - 1) * module_px)
    spaced = (" " if chance(rng, 0.3) else "").join(grid.text)
    ink = line_mask(spaced, pick(rng, _FACES), int(np.clip(width * 0.085, 8, max(8, height))))
    scale = min(1.0, rng.uniform(0.7, 1.0) * width / ink.shape[1])
    ink = _resized(ink, int(ink.shape[1] * scale), int(ink.shape[0] * scale))
    return Caption(ink, (width - ink.shape[1]) // 2, height + max(1, height // 30))


def _grouped(rng: np.random.Generator, grid: ModuleGrid, width: int, module_px: int) -> Mask:
    """Write digits one below each of the characters that they stand for."""
    face = pick(rng, _FACES)
    high = max(2, round(module_px * rng.uniform(6.5, 8.5)))
    ink = np.zeros((high, width), np.uint8)
    for start, first, end in _GROUPS[grid.form]:
        left, room = start * module_px, (end - first) * _DIGIT_MODULES * module_px
        line = line_mask(grid.text[first:end], face, high)
        wide = int(room * rng.uniform(0.86, 0.97))
        gap = (room - wide) // 2
        ink[:, left + gap : left + gap + wide] = _resized(line, wide, high)
    return ink


def _resized(ink: Mask, width: int, height: int) -> Mask:
    size_wh = (max(1, width), max(1, height))
    return np.asarray(cv2.resize(ink, size_wh, interpolation=cv2.INTER_AREA), np.uint8)
