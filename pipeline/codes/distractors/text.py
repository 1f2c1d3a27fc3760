"""Text: dense blocks, large letters, dumps of fixed width, scripts made of strokes."""

import string
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.codes.painting.canvas import Mask, Picture, tiled
from pipeline.codes.painting.draws import between, count_between, pick, size_between
from pipeline.codes.painting.ink import inked
from pipeline.codes.painting.lettering import (
    BOLD_FACES,
    FACES,
    MONO_FACES,
    Letters,
    Setting,
    fitted_line,
    glyph_atlas,
    paragraph,
)
from pipeline.codes.painting.words import title

_HEX = "0123456789abcdef "
_PRINTABLE = string.ascii_letters + string.digits + "+-*/=<>[]{}()#%&"
_GRID = (6, 14, 23, 32, 41, 50, 58)


def paint_text_block(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint lines of text without any space around them."""
    setting = Setting(
        face=pick(rng, FACES),
        size=size_between(rng, 6, 64),
        leading=between(rng, 0.95, 1.6),
        ragged=0.02,
        ends=pick(rng, (0.0, 0.0, 0.15)),
        letters=pick(rng, (Letters.WORDS, Letters.WORDS, Letters.CAPITALS, Letters.DIGITS)),
    )
    return inked(rng, paragraph(rng, width, height, setting))


def paint_heading(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint one to four lines of large letters that fill the picture."""
    mask = np.zeros((height, width), np.uint8)
    rows = count_between(rng, 1, 4)
    for row in range(rows):
        room = max(8, height // rows - 2)
        line = fitted_line(title(rng, count_between(rng, 1, 3)), pick(rng, BOLD_FACES), width, room)
        top = height * row // rows
        mask[top : top + line.shape[0], : line.shape[1]] = line
    return inked(rng, mask)


def paint_number(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint long numbers in groups, as they stand below codes and on tickets."""
    mask = np.zeros((height, width), np.uint8)
    face, size = pick(rng, FACES), round(size_between(rng, 12, 70))
    for top in range(0, height, round(size * between(rng, 1.2, 3.0))):
        groups = rng.integers(0, 10 ** rng.integers(1, 7, 4))
        line = fitted_line(pick(rng, (" ", "-", "  ")).join(map(str, groups)), face, width, size)
        part = mask[top : top + line.shape[0], : line.shape[1]]
        part[:] = line[: part.shape[0]]
    return inked(rng, mask)


def paint_dump(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint a table of letters of fixed width, as of a memory dump."""
    letters = pick(rng, (_HEX, _PRINTABLE, "01", "0123456789  ", string.ascii_uppercase + "   "))
    atlas = glyph_atlas(pick(rng, MONO_FACES), round(size_between(rng, 7, 48)), letters)
    return inked(rng, _glyph_table(rng, atlas, width, height))


def paint_strokes(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint a page of square glyphs made of strokes, like East Asian print."""
    size = round(size_between(rng, 9, 72))
    cell = round(size * between(rng, 1.05, 1.4))
    atlas = _stroke_glyphs(int(rng.integers(4)))
    scaled = np.zeros((len(atlas), cell, cell), np.uint8)
    for glyph, whole in zip(atlas, scaled, strict=True):
        whole[:size, :size] = cv2.resize(glyph, (size, size), interpolation=cv2.INTER_AREA)
    return inked(rng, _glyph_table(rng, scaled, width, height))


def _glyph_table(
    rng: np.random.Generator, atlas: NDArray[np.uint8], width: int, height: int
) -> Mask:
    """Return glyphs in rows and columns that fill a rectangle, uint8 [H, W]."""
    glyph_height, glyph_width = atlas.shape[1:]
    shape = (-(-height // glyph_height), -(-width // glyph_width))
    return tiled(atlas, rng.integers(0, len(atlas), shape), (width, height))


@lru_cache(maxsize=4)
def _stroke_glyphs(style: int) -> NDArray[np.uint8]:
    """Return 96 made-up glyphs of one style, uint8 [96, 64, 64]; always the same."""
    rng = np.random.default_rng(style)
    thick = count_between(rng, 2, 6)
    glyphs = np.zeros((96, 64, 64), np.uint8)
    for glyph in glyphs:
        for _ in range(count_between(rng, 3, 9)):
            pick(rng, (_level, _level, _upright, _upright, _box, _slope))(rng, glyph, thick)
    glyphs.setflags(write=False)
    return glyphs


def _level(rng: np.random.Generator, glyph: Mask, thick: int) -> None:
    """Draw a level stroke."""
    x, y = pick(rng, _GRID[:4]), pick(rng, _GRID)
    cv2.line(glyph, (x, y), (pick(rng, _GRID[4:]), y), 255, thick, cv2.LINE_AA)


def _upright(rng: np.random.Generator, glyph: Mask, thick: int) -> None:
    """Draw an upright stroke."""
    x, y = pick(rng, _GRID), pick(rng, _GRID[:4])
    cv2.line(glyph, (x, y), (x, pick(rng, _GRID[4:])), 255, thick, cv2.LINE_AA)


def _box(rng: np.random.Generator, glyph: Mask, thick: int) -> None:
    """Draw a box."""
    x, y = pick(rng, _GRID[:5]), pick(rng, _GRID[:5])
    reach = count_between(rng, 10, 24)
    cv2.rectangle(glyph, (x, y), (min(60, x + reach), min(60, y + reach)), 255, thick)


def _slope(rng: np.random.Generator, glyph: Mask, thick: int) -> None:
    """Draw a sloping stroke."""
    x, y = pick(rng, _GRID), pick(rng, _GRID[:4])
    end = x + count_between(rng, -24, 24), y + count_between(rng, 8, 28)
    cv2.line(glyph, (x, y), end, 255, thick, cv2.LINE_AA)
