"""Cells without sense: marks set at random, mazes, mosaics."""

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.codes.painting.canvas import Mask, Picture, cells, tiled
from pipeline.codes.painting.colours import any_colour, palette
from pipeline.codes.painting.draws import between, chance, count_between, pick, size_between
from pipeline.codes.painting.ink import inked
from pipeline.codes.painting.noise import fractal


def paint_modules(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint marks set at random: no finder pattern, no border of bars, no quiet zone."""
    mark, smallest = pick(rng, ((_disc, 5), (_diamond, 7), (_square, 14)))
    cell = round(size_between(rng, smallest, 36))
    tiles = np.stack([np.zeros((cell, cell), np.uint8), mark(cell)])
    is_dark = rng.random(cells(width, height, cell)) < between(rng, 0.15, 0.6)
    return inked(rng, tiled(tiles, is_dark.astype(np.intp), (width, height)))


def paint_maze(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint slopes, arcs or walls that form a maze."""
    cell = round(size_between(rng, 8, 50))
    thick = max(1, round(cell * between(rng, 0.1, 0.4)))
    tiles = pick(rng, (_slopes, _arcs, _walls))(cell, thick)
    return inked(rng, tiled(tiles, rng.integers(0, 2, cells(width, height, cell)), (width, height)))


def paint_mosaic(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint squares of many colours: a mosaic, or a picture of far too few pixels."""
    cell = round(size_between(rng, 4, 60))
    rows, columns = cells(width, height, cell)
    if chance(rng, 0.5):
        colours = np.array(palette(rng, count_between(rng, 3, 8)), np.uint8)
        small = colours[rng.integers(0, len(colours), (rows, columns))]
    else:
        tone = fractal(rng, columns + 1, rows + 1, coarse=max(2, columns / 3), fine=1)
        share = np.clip(tone[:rows, :columns, None] * 0.3 + 0.5, 0, 1)
        small = np.asarray(share * any_colour(rng) + (1 - share) * any_colour(rng), np.uint8)
    whole_wh = (columns * cell, rows * cell)
    whole = cv2.resize(small, whole_wh, interpolation=cv2.INTER_NEAREST)[:height, :width]
    return np.ascontiguousarray(whole, np.uint8)


def _square(cell: int) -> Mask:
    """Return a cell filled to a gap."""
    mask, side = np.zeros((cell, cell), np.uint8), cell - max(1, cell // 4)
    mask[:side, :side] = 255
    return mask


def _disc(cell: int) -> Mask:
    """Return a cell with a disc."""
    mask = np.zeros((cell, cell), np.uint8)
    cv2.circle(mask, (cell // 2, cell // 2), max(1, cell * 2 // 5), 255, -1, cv2.LINE_AA)
    return mask


def _diamond(cell: int) -> Mask:
    """Return a cell with a square on its corner."""
    mask, half = np.zeros((cell, cell), np.uint8), cell // 2
    corners = np.array([(half, 0), (cell - 1, half), (half, cell - 1), (0, half)], np.int32)
    cv2.fillPoly(mask, [corners], 255, cv2.LINE_AA)
    return mask


def _slopes(cell: int, thick: int) -> NDArray[np.uint8]:
    """Return a cell with a slope, and one with the other slope."""
    tiles = np.zeros((2, cell, cell), np.uint8)
    cv2.line(tiles[0], (0, 0), (cell, cell), 255, thick, cv2.LINE_AA)
    cv2.line(tiles[1], (0, cell), (cell, 0), 255, thick, cv2.LINE_AA)
    return tiles


def _arcs(cell: int, thick: int) -> NDArray[np.uint8]:
    """Return a cell with arcs about two corners, and one with arcs about the others."""
    tiles = np.zeros((2, cell, cell), np.uint8)
    for tile, corners in zip(tiles, (((0, 0), (cell, cell)), ((0, cell), (cell, 0))), strict=True):
        for corner in corners:
            cv2.circle(tile, corner, cell // 2, 255, thick, cv2.LINE_AA)
    return tiles


def _walls(cell: int, thick: int) -> NDArray[np.uint8]:
    """Return a cell with a wall above, and one with a wall to the left."""
    tiles = np.zeros((2, cell, cell), np.uint8)
    tiles[0, :thick, :] = 255
    tiles[1, :, :thick] = 255
    return tiles
