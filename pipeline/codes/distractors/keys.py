"""Keys: keyboards, calculators, telephones."""

import string

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.codes.painting.canvas import Colour, Mask, Picture, cells, tiled
from pipeline.codes.painting.colours import any_colour, coloured, contrast_colour, mixed
from pipeline.codes.painting.draws import between, chance, count_between, pick, size_between
from pipeline.codes.painting.lettering import FACES, line_mask

_LEGENDS = (string.ascii_uppercase, string.digits + "+-=%", string.digits)


def paint_keys(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint rows of lettered keys, staggered as on a keyboard or straight as on a calculator."""
    key = round(size_between(rng, 14, 90))
    tiles = _caps(rng, key)
    rows, columns = cells(width, height, key)
    kinds = rng.integers(0, len(tiles) - 1, (rows, columns + 1))
    mask = tiled(tiles, kinds, ((columns + 1) * key, rows * key))
    if chance(rng, 0.6):
        for row in range(rows):
            band = mask[row * key : (row + 1) * key]
            _wide_key(rng, band, tiles[-1])
            band[:] = np.roll(band, -(row * key * 2 // 5 % key), axis=1)
    return coloured(np.ascontiguousarray(mask[:height, :width]), _colours(rng))


def _caps(rng: np.random.Generator, key: int) -> NDArray[np.uint8]:
    """Return caps, uint8 [N, key, key]: 0 around, 128 the cap, 255 its legend; one blank."""
    gap, size = max(1, round(key * between(rng, 0.05, 0.2))), round(key * between(rng, 0.25, 0.5))
    face, radius = pick(rng, FACES), max(1, round(key * between(rng, 0.05, 0.2)))
    place = between(rng, 0.15, 0.35)
    tiles = np.zeros((21, key, key), np.uint8)
    cap = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    for tile, letter in zip(tiles, _legends(rng), strict=True):
        inner = np.zeros((key, key), np.uint8)
        inner[gap + radius : key - radius - 1, gap + radius : key - radius - 1] = 128
        tile[:] = cv2.dilate(inner, cap)
        legend = line_mask(letter, face, max(6, size))
        top = left = round(key * place)
        part = tile[top : top + legend.shape[0], left : left + legend.shape[1]]
        part[:] = np.maximum(part, legend[: part.shape[0], : part.shape[1]] // 2 + 127)
    return tiles


def _legends(rng: np.random.Generator) -> list[str]:
    """Return twenty legends and an empty one."""
    letters = pick(rng, _LEGENDS)
    return [*(letters[int(i)] for i in rng.integers(0, len(letters), 20)), " "]


def _wide_key(rng: np.random.Generator, band: NDArray[np.uint8], blank: Mask) -> None:
    """Replace some neighbouring keys of a row by a wide one, at times."""
    key, columns = len(blank), count_between(rng, 2, 5)
    if chance(rng, 0.3):
        left = key * count_between(rng, 0, max(0, band.shape[1] // key - columns))
        part = band[:, left : left + columns * key]
        part[:] = cv2.resize(blank, (part.shape[1], key), interpolation=cv2.INTER_NEAREST)


def _colours(rng: np.random.Generator) -> tuple[Colour, Colour, Colour]:
    """Return the colours of the body, the caps and their legends."""
    body, cap = any_colour(rng), any_colour(rng)
    if chance(rng, 0.6):
        body = pick(rng, ((25, 25, 27), (90, 90, 95), (190, 190, 190)))
        cap = pick(rng, ((45, 45, 48), (235, 235, 230), (15, 15, 15)))
    return body, cap, mixed(cap, contrast_colour(cap), between(rng, 0.6, 1.0))
