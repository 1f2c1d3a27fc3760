"""The arrays that painters hand to each other."""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

# RGB [H, W, 3], 0..255.
Picture: TypeAlias = NDArray[np.uint8]
# [H, W], 0..255: how much of something there is at each pixel.
Mask: TypeAlias = NDArray[np.uint8]
# [H, W], any numbers: heights, phases, distances.
Field: TypeAlias = NDArray[np.floating[Any]]
# Red, green, blue, 0..255.
Colour: TypeAlias = tuple[int, int, int]
# Takes randomness, width and height in pixels (each at least `families.ROOM`).
Painter: TypeAlias = Callable[[np.random.Generator, int, int], Picture]

WHITE: Colour = (255, 255, 255)
BLACK: Colour = (0, 0, 0)


def filled(width: int, height: int, colour: Colour) -> Picture:
    """Return a picture of one colour."""
    # Copying a row many times is much faster than broadcasting three numbers.
    row = np.tile(np.array(colour, np.uint8), width)
    return np.repeat(row[None], height, axis=0).reshape(height, width, 3)


def bytes_of(values: Any) -> NDArray[np.uint8]:
    """Return numbers rounded down and limited to 0..255."""
    return np.asarray(np.clip(values, 0, 255), np.uint8)


def pixel_grid(width: int, height: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the pixels' x as float32 [1, W] and their y as float32 [H, 1]."""
    x = np.arange(width, dtype=np.float32)[None, :]
    return x, np.arange(height, dtype=np.float32)[:, None]


def fraction(field: Field) -> NDArray[np.float32]:
    """Return how far numbers lie above the next lower whole one, 0..1."""
    return np.asarray(field - np.floor(field), np.float32)


def tiled(tiles: NDArray[np.uint8], indices: NDArray[np.integer], size_wh: tuple[int, int]) -> Mask:
    """Return small masks laid out in rows and columns.

    Args:
        tiles: uint8 [tiles, h, w].
        indices: Which tile stands where, [rows, columns].
        size_wh: Width and height of the result in pixels, at most what the tiles fill.

    Returns:
        uint8 [H, W].
    """
    rows, columns = indices.shape
    height, width = tiles.shape[1:]
    whole = tiles[indices].transpose(0, 2, 1, 3).reshape(rows * height, columns * width)
    return np.ascontiguousarray(whole[: size_wh[1], : size_wh[0]])


def cells(width: int, height: int, cell: int) -> tuple[int, int]:
    """Return how many rows and columns of square cells cover a rectangle."""
    return -(-height // cell), -(-width // cell)


def paste(picture: Picture, patch: Picture, left: int, top: int) -> None:
    """Copy a patch into a picture, as far as it lies inside."""
    height, width = picture.shape[:2]
    x0, y0 = max(0, left), max(0, top)
    x1, y1 = min(width, left + patch.shape[1]), min(height, top + patch.shape[0])
    if x0 < x1 and y0 < y1:
        picture[y0:y1, x0:x1] = patch[y0 - top : y1 - top, x0 - left : x1 - left]
