"""Rough materials: concrete, cardboard, cloth, carpet."""

import cv2
import numpy as np

from pipeline.codes.painting.canvas import BLACK, WHITE, Picture, fraction, pixel_grid
from pipeline.codes.painting.colours import any_colour, coloured, hsv, tones
from pipeline.codes.painting.draws import between, chance, count_between, size_between
from pipeline.codes.painting.light import lit
from pipeline.codes.painting.noise import fractal, levels


def paint_concrete(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint concrete, plaster or asphalt: grey, speckled, stained."""
    base = hsv(between(rng, 0.0, 0.2), rng.random() * 0.15, between(rng, 0.3, 0.85))
    coarse, gain = size_between(rng, 20, 300), between(rng, 0.7, 0.98)
    field = fractal(rng, width, height, coarse=coarse, fine=1.0, gain=gain)
    spread = between(rng, 12, 45)
    return lit(rng, coloured(levels(field, spread=spread), tones(base, 0.6, 0.35)))


def paint_cardboard(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint brown cardboard with fibres and, faintly, its corrugation."""
    base = hsv(between(rng, 0.06, 0.09), between(rng, 0.3, 0.5), between(rng, 0.55, 0.85))
    field = fractal(rng, width, height, coarse=160, fine=1.0, gain=0.7) * 0.6
    field = field + fractal(rng, width, height, coarse=3, fine=1, stretch=12) * 0.35
    if chance(rng, 0.5):
        pitch = size_between(rng, 6, 24)
        waves = np.sin(pixel_grid(width, height)[1] * (2 * np.pi / pitch))
        field = field + waves * between(rng, 0.1, 0.4)
    spread = between(rng, 10, 25)
    return lit(rng, coloured(levels(field, spread=spread), tones(base, 0.6, 0.35)))


def paint_cloth(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint woven cloth: threads across threads, with soft folds."""
    thread = size_between(rng, 2.5, 10)
    x, y = pixel_grid(width, height)
    column, row = x / thread, y / thread
    is_over = ((np.floor(column) + np.floor(row)) % 2) > 0
    weave = np.where(is_over, np.sin(fraction(row) * np.pi), np.sin(fraction(column) * np.pi) * 0.8)
    folds = fractal(rng, width, height, coarse=200, fine=50, gain=0.5)
    grain = fractal(rng, width, height, coarse=thread, fine=1, gain=1.0)
    field = weave * between(rng, 0.8, 2.5) - 1.0 + folds * 0.4 + grain * 0.3
    return lit(rng, coloured(levels(field, spread=45), tones(any_colour(rng), 0.6, 0.3)))


def paint_carpet(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint short thick fibres in a few colours."""
    stops = tuple(any_colour(rng) for _ in range(count_between(rng, 2, 4)))
    fine = size_between(rng, 2.0, 6.0)
    field = fractal(rng, width, height, coarse=fine * 8, fine=fine, gain=0.95)
    tufts = fractal(rng, width, height, coarse=3, fine=1.5, gain=1.0)
    picture = coloured(levels(field, spread=between(rng, 25, 70)), stops)
    shade = coloured(levels(tufts, spread=30, middle=190), (BLACK, WHITE))
    return lit(rng, np.asarray(cv2.multiply(picture, shade, scale=1 / 200), np.uint8))
