"""Boards and forms: chess, crosswords, sudokus, tables, plain grids."""

import numpy as np
from numpy.typing import NDArray

from pipeline.codes.painting.canvas import Mask, Picture, cells, pixel_grid, tiled
from pipeline.codes.painting.draws import between, chance, count_between, pick, size_between
from pipeline.codes.painting.ink import inked
from pipeline.codes.painting.lettering import MONO_FACES, any_setting, glyph_atlas, paragraph

_DIGITS = "123456789"
_CAPITALS = "ABCDEFGHIJKLMNOPRSTUVW"


def paint_chess(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint squares of two colours in turn."""
    side = size_between(rng, 5, 80)
    x, y = pixel_grid(width, height)
    is_dark = (np.floor(x / side) + np.floor(y / side)) % 2 > 0
    return inked(rng, is_dark.astype(np.uint8) * 255)


def paint_crossword(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint a grid with letters in some cells and others filled, as in crosswords and sudokus."""
    cell = round(size_between(rng, 12, 70))
    line = max(1, round(cell * between(rng, 0.02, 0.1)))
    tiles = _cell_tiles(rng, cell, pick(rng, (_DIGITS, _CAPITALS)))
    kinds = rng.integers(2, len(tiles), cells(width, height, cell))
    kinds[rng.random(kinds.shape) > between(rng, 0.0, 0.9)] = 0
    kinds[rng.random(kinds.shape) < pick(rng, (0.0, 0.15, 0.3))] = 1
    mask = tiled(tiles, kinds, (width, height))
    _rule(mask, cell, cell, line)
    if chance(rng, 0.4):
        _rule(mask, cell * 3, cell * 3, line * 2 + 1)
    return inked(rng, mask)


def paint_table(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint a table or form: ruled cells with entries, some filled."""
    setting = any_setting(rng, 6, 24)
    size = round(setting.size)
    row_height = max(3, round(size * setting.leading))
    mask = paragraph(rng, width, height, setting)
    edges = np.cumsum(rng.integers(size * 2, size * 12, 200))
    columns = edges[edges < width].tolist()
    for x in columns:
        mask[:, x - count_between(rng, 2, size * 2) : x + size // 3] = 0
    line, has_columns = count_between(rng, 1, max(1, size // 6)), chance(rng, 0.8)
    for x in columns if has_columns else []:
        mask[:, x : x + line] = 255
    if chance(rng, 0.7):
        _rule(mask, width * 2, row_height, line)
    for top in range(0, height, row_height * count_between(rng, 2, 12)) if chance(rng, 0.4) else []:
        mask[top : top + row_height] = 255 - mask[top : top + row_height]
    return inked(rng, mask)


def paint_grid(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint ruled or squared paper: thin lines, every few of them thicker."""
    step = round(size_between(rng, 5, 60))
    step_y = step if chance(rng, 0.7) else round(step * between(rng, 1.3, 3))
    line = max(1, round(step * between(rng, 0.03, 0.2)))
    mask = np.zeros((height, width), np.uint8)
    _rule(mask, step, step_y, line)
    if chance(rng, 0.4):
        major = pick(rng, (4, 5, 10))
        _rule(mask, step * major, step_y * major, line * 2)
    return inked(rng, mask)


def _cell_tiles(rng: np.random.Generator, cell: int, letters: str) -> NDArray[np.uint8]:
    """Return an empty cell, a filled one, and one for each letter, uint8 [N, cell, cell]."""
    face = pick(rng, MONO_FACES)
    glyphs = glyph_atlas(face, max(6, round(cell * between(rng, 0.4, 0.75))), letters)
    tiles = np.zeros((len(letters) + 2, cell, cell), np.uint8)
    tiles[1] = 255
    top = max(0, (cell - glyphs.shape[1]) // 2)
    left = max(0, (cell - glyphs.shape[2]) // 2)
    inside = tiles[2:, top : top + glyphs.shape[1], left : left + glyphs.shape[2]]
    inside[:] = glyphs[:, : inside.shape[1], : inside.shape[2]]
    return tiles


def _rule(mask: Mask, step_x: int, step_y: int, line: int) -> None:
    """Draw a grid of lines."""
    for x in range(0, mask.shape[1], step_x):
        mask[:, x : x + line] = 255
    for y in range(0, mask.shape[0], step_y):
        mask[y : y + line] = 255
