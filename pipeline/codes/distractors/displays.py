"""Displays: letters of luminous dots, digits of seven segments."""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.codes.painting.canvas import Colour, Picture, cells, tiled
from pipeline.codes.painting.colours import coloured, grey, hsv, mixed, strong_colour
from pipeline.codes.painting.draws import between, chance, pick, size_between
from pipeline.codes.painting.lettering import Setting, paragraph

# Which of the segments a..g each digit lights.
_SEGMENTS = (
    "abcdef",
    "bc",
    "abged",
    "abgcd",
    "fgbc",
    "afgcd",
    "afgedc",
    "abc",
    "abcdefg",
    "abcdfg",
)
# Where segments begin and end, in units of half the digit's height.
_PLACES = {
    "a": ((0, 0), (1, 0)),
    "b": ((1, 0), (1, 1)),
    "c": ((1, 1), (1, 2)),
    "d": ((0, 2), (1, 2)),
    "e": ((0, 1), (0, 2)),
    "f": ((0, 0), (0, 1)),
    "g": ((0, 1), (1, 1)),
}
_DIGIT_WH = (48, 72)


def paint_dot_matrix(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint running text in luminous dots, the dark ones faintly visible."""
    pitch = round(size_between(rng, 3, 12))
    rows, columns = cells(width, height, pitch)
    setting = Setting("DejaVuSansMono-Bold", pick(rng, (7, 8, 9, 10, 12)), 1.2, ragged=0.1)
    is_lit = paragraph(rng, columns, rows, setting) > 110  # noqa: PLR2004  thin strokes stay whole
    dots = np.zeros((2, pitch, pitch), np.uint8)
    for dot, level in zip(dots, (40, 255), strict=True):
        cv2.circle(dot, (pitch // 2, pitch // 2), max(1, pitch * 2 // 5), level, -1)
    mask = tiled(dots, is_lit.astype(np.intp), (width, height))
    return coloured(mask, _glow(rng))


def paint_segments(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint rows of digits made of seven segments."""
    scale = size_between(rng, 0.2, 1.6)
    size_wh = (max(6, round(_DIGIT_WH[0] * scale)), max(9, round(_DIGIT_WH[1] * scale)))
    tiles = np.stack([cv2.resize(digit, size_wh) for digit in _digits()])
    shape = (-(-height // size_wh[1]), -(-width // size_wh[0]))
    indices = rng.integers(0, len(tiles), shape)
    mask = tiled(np.asarray(tiles, np.uint8), indices, (width, height))
    if chance(rng, 0.4):
        return coloured(mask, (hsv(0.2, 0.15, between(rng, 0.5, 0.8)), grey(rng, 0.0, 0.2)))
    return coloured(mask, _glow(rng))


@lru_cache(maxsize=1)
def _digits() -> NDArray[np.uint8]:
    """Return the digits and an empty place, uint8 [11, H, W]."""
    digits = np.zeros((11, _DIGIT_WH[1], _DIGIT_WH[0]), np.uint8)
    for digit, segments in zip(digits, _SEGMENTS, strict=False):
        for segment in segments:
            (x0, y0), (x1, y1) = _PLACES[segment]
            inset_x, inset_y = (5, 0) if y0 == y1 else (0, 5)
            start = (10 + x0 * 26 + inset_x, 10 + y0 * 26 + inset_y)
            end = (10 + x1 * 26 - inset_x, 10 + y1 * 26 - inset_y)
            cv2.line(digit, start, end, 255, 6)
    digits.setflags(write=False)
    return digits


def _glow(rng: np.random.Generator) -> tuple[Colour, Colour]:
    """Return the colours of a dark display and of its light."""
    light = mixed(strong_colour(rng), (255, 255, 255), between(rng, 0.0, 0.5))
    return grey(rng, 0.0, 0.15), light
