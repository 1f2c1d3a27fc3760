"""Thin sheets that crease: crumpled paper, plastic film, metal foil; and brushed metal."""

import math

import numpy as np

from pipeline.codes.painting.canvas import WHITE, Picture, pixel_grid
from pipeline.codes.painting.colours import any_colour, coloured, grey, mixed, paper, tones
from pipeline.codes.painting.draws import between, chance, pick, size_between
from pipeline.codes.painting.light import lit
from pipeline.codes.painting.noise import creases, fractal, levels, sloped


def paint_crumpled_paper(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint paper that was crumpled and smoothed again."""
    heights = creases(rng, width, height, size_between(rng, 40, 250))
    slopes = sloped(heights, between(rng, 0, 2 * np.pi))
    base = pick(rng, (paper, paper, any_colour))(rng)
    values = levels(slopes / slopes.std(), spread=between(rng, 12, 40), middle=150)
    return lit(rng, coloured(values, tones(base, 0.7, 0.4)))


def paint_film(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint shiny plastic film or foil with sharp reflections."""
    heights = creases(rng, width, height, size_between(rng, 60, 300))
    slopes = sloped(heights, between(rng, 0, 2 * np.pi))
    base = grey(rng, 0.4, 0.8) if chance(rng, 0.5) else any_colour(rng)
    slopes = slopes / slopes.std()
    shine = slopes**2 * between(rng, 0.1, 0.6) + slopes * between(rng, 0.2, 0.8)
    return lit(rng, coloured(levels(shine, spread=50, middle=100), (*tones(base, 0.6, 0.3), WHITE)))


def paint_brushed_metal(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint metal with fine scratches along x and bands of reflected light."""
    scratches = fractal(rng, width, height, coarse=2, fine=1, gain=1.0, stretch=200)
    x, y = pixel_grid(width, height)
    angle, period = between(rng, -0.6, 0.6), max(width, height) * between(rng, 0.4, 1.5)
    bands = np.sin((x * math.cos(angle) + y * math.sin(angle)) * (2 * math.pi / period))
    field = scratches * between(rng, 0.15, 0.5) + bands * between(rng, 0.2, 1.0)
    base = mixed(grey(rng, 0.3, 0.8), any_colour(rng), pick(rng, (0.0, 0.1, 0.5)))
    return lit(rng, coloured(levels(field), (*tones(base, 0.7, 0.3), WHITE)))
