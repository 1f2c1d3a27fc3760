"""Plain surfaces: paint, plastic, card; one colour or a gradient, under uneven light."""

import math

import numpy as np

from pipeline.codes.painting.canvas import Field, Picture, filled, pixel_grid
from pipeline.codes.painting.colours import any_colour, coloured, palette, paper, tones
from pipeline.codes.painting.draws import between, chance, count_between, pick, size_between
from pipeline.codes.painting.light import grained, lit
from pipeline.codes.painting.noise import fractal, levels


def paint_surface(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint a smooth surface of one colour."""
    colour = pick(rng, (any_colour, paper))(rng)
    if chance(rng, 0.6):
        clouds = fractal(rng, width, height, coarse=max(width, height) / 2, fine=24, gain=0.4)
        stops = tones(colour, between(rng, 0.05, 0.3), 0.1)
        picture = coloured(levels(clouds, spread=40), stops)
    else:
        picture = filled(width, height, colour)
    picture = lit(rng, picture, between(rng, 0.5, 1.5))
    return grained(rng, picture, between(rng, 1.0, 5.0)) if chance(rng, 0.5) else picture


def paint_gradient(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint colours that run into each other, as on printed covers and screens."""
    field = _radial(rng, width, height) if chance(rng, 0.4) else _linear(rng, width, height)
    if chance(rng, 0.5):
        field = field + fractal(rng, width, height, coarse=width, fine=width / 3) * 0.3
    spread = size_between(rng, 60, 150)
    return coloured(levels(field, spread=spread), palette(rng, count_between(rng, 2, 4)))


def _linear(rng: np.random.Generator, width: int, height: int) -> Field:
    """Return what grows along a direction, from about -1 to 1."""
    x, y = pixel_grid(width, height)
    angle = between(rng, 0, 2 * math.pi)
    along_x = (x / width * 2 - 1) * math.cos(angle)
    return np.asarray(along_x + (y / height * 2 - 1) * math.sin(angle), np.float32)


def _radial(rng: np.random.Generator, width: int, height: int) -> Field:
    """Return what grows away from a point, from about -1 to 1."""
    x, y = pixel_grid(width, height)
    across = x / width * 2 - between(rng, 0, 2)
    down = y / height * 2 - between(rng, 0, 2)
    return np.asarray(np.sqrt(across**2 + down**2) - 1, np.float32)
