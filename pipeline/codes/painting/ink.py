"""Ink on paper."""

import cv2
import numpy as np

from pipeline.codes.painting.canvas import Colour, Mask, Picture
from pipeline.codes.painting.colours import coloured, ink_on_paper
from pipeline.codes.painting.draws import between, chance, size_between
from pipeline.codes.painting.noise import fractal, levels

_WORN_SHARE = 0.15


def inked(rng: np.random.Generator, mask: Mask) -> Picture:
    """Return a mask printed with one ink on one paper, at times unevenly.

    Args:
        rng: Randomness.
        mask: uint8 [H, W], 255 where the ink covers.
    """
    colour, paper = ink_on_paper(rng)
    if chance(rng, _WORN_SHARE):
        mask = worn(rng, mask)
    return coloured(mask, (paper, colour))


def worn(rng: np.random.Generator, mask: Mask) -> Mask:
    """Return a mask with some of its ink rubbed off."""
    height, width = mask.shape
    lumps = fractal(rng, width, height, coarse=size_between(rng, 8, 120), fine=1.5, gain=0.8)
    left_over = levels(lumps, spread=between(rng, 20, 70), middle=220)
    return np.asarray(cv2.multiply(mask, left_over, scale=1 / 255), np.uint8)


def printed(picture: Picture, mask: Mask, colour: Colour) -> Picture:
    """Return a picture with ink of one colour where a mask says so.

    Args:
        picture: uint8 RGB [H, W, 3].
        mask: uint8 [H, W], 255 where the ink covers.
        colour: The ink.
    """
    share = cv2.merge([mask, mask, mask])
    kept = cv2.multiply(picture, cv2.bitwise_not(share), scale=1 / 255)
    steps = np.arange(256)[:, None, None] * np.array(colour) / 255
    added = cv2.applyColorMap(mask, np.asarray(steps, np.uint8))
    return np.asarray(cv2.add(kept, added), np.uint8)


def stamp(picture: Picture, mask: Mask, colour: Colour, left: int, top: int) -> None:
    """Print a small mask into a picture, as far as it lies inside."""
    height, width = picture.shape[:2]
    x0, y0 = max(0, left), max(0, top)
    x1, y1 = min(width, left + mask.shape[1]), min(height, top + mask.shape[0])
    if x0 < x1 and y0 < y1:
        part = np.ascontiguousarray(mask[y0 - top : y1 - top, x0 - left : x1 - left])
        picture[y0:y1, x0:x1] = printed(picture[y0:y1, x0:x1], part, colour)
