"""Figures of large pixels: sprites and symmetrical badges."""

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.codes.painting.canvas import Picture, cells
from pipeline.codes.painting.colours import ink_on_paper, palette
from pipeline.codes.painting.draws import between, chance, count_between, pick, size_between

_KINDS = 12


def paint_sprites(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint rows of sprites, each its own mirror image, with space between them."""
    half, rows = count_between(rng, 3, 6), count_between(rng, 6, 12)
    pixel = round(size_between(rng, 3, 16))
    ink, paper = ink_on_paper(rng)
    colours = np.array([paper, *(palette(rng, 3) if chance(rng, 0.6) else [ink])], np.uint8)
    sprites = _figures(rng, half, rows, len(colours))
    cell = max(sprites.shape[1:])
    count_y, count_x = cells(width // pixel + 1, height // pixel + 1, cell)
    layout = rng.integers(0, _KINDS, (count_y, count_x))
    small = sprites[layout].transpose(0, 2, 1, 3).reshape(count_y * rows, -1)
    picture = colours[small]
    size_wh = (picture.shape[1] * pixel, picture.shape[0] * pixel)
    large = cv2.resize(picture, size_wh, interpolation=cv2.INTER_NEAREST)
    return _cut(np.asarray(large, np.uint8), width, height)


def _figures(rng: np.random.Generator, half: int, rows: int, colours: int) -> NDArray[np.intp]:
    """Return symmetrical figures with an empty margin, [kinds, rows, columns] of colours."""
    left = rng.integers(1, max(2, colours), (_KINDS, rows, half))
    left[rng.random(left.shape) > between(rng, 0.4, 0.7)] = 0
    margin = pick(rng, (1, 1, 2))
    left[:, :margin] = 0
    left[:, :, :margin] = 0
    return np.concatenate([left, left[:, :, ::-1]], axis=2)


def _cut(picture: Picture, width: int, height: int) -> Picture:
    """Return a picture cut to a size, repeated where it is too small."""
    rows, columns = -(-height // picture.shape[0]), -(-width // picture.shape[1])
    whole = np.tile(picture, (rows, columns, 1)) if rows * columns > 1 else picture
    return np.ascontiguousarray(whole[:height, :width])
