"""Dots and cells: regular dots, halftone, perforated sheets, grilles, honeycombs."""

import math

import numpy as np

from pipeline.codes.painting.canvas import Field, Picture, bytes_of, fraction, pixel_grid
from pipeline.codes.painting.draws import between, chance, pick, size_between
from pipeline.codes.painting.ink import inked
from pipeline.codes.painting.noise import fractal

_EDGE = 200.0


def paint_dots(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint round dots on a square or staggered grid."""
    pitch = size_between(rng, 5, 50)
    distance = _distances(width, height, pitch, staggered=chance(rng, 0.4))
    reach = pitch * between(rng, 0.15, 0.5)
    return inked(rng, bytes_of((reach - distance) * _EDGE + 128))


def paint_halftone(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint dots whose size follows a picture's grey values."""
    pitch = size_between(rng, 4, 24)
    distance = _distances(width, height, pitch, staggered=chance(rng, 0.5))
    tone = fractal(rng, width, height, coarse=max(width, height) / 2, fine=pitch * 2, gain=0.5)
    reach = np.clip(tone * 0.25 + 0.35, 0, 0.75) * pitch
    return inked(rng, bytes_of((reach - distance) * _EDGE + 128))


def paint_speaker(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint holes within a circle, as of a loudspeaker."""
    pitch = size_between(rng, 6, 30)
    distance = _distances(width, height, pitch, staggered=chance(rng, 0.6))
    holes = (pitch * between(rng, 0.2, 0.4) - distance) * _EDGE + 128
    x, y = pixel_grid(width, height)
    is_inside = (x - width / 2) ** 2 + (y - height / 2) ** 2 < (min(width, height) * 0.47) ** 2
    return inked(rng, bytes_of(np.where(is_inside, holes, 0)))


def paint_honeycomb(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint a net of hexagons."""
    pitch = size_between(rng, 8, 80)
    x, y = pixel_grid(width, height)
    third = math.pi / 3
    waves = [
        np.cos((x * math.cos(angle) + y * math.sin(angle)) * (4 * math.pi / (pitch * math.sqrt(3))))
        for angle in (math.pi / 6, math.pi / 6 + third, math.pi / 6 + 2 * third)
    ]
    field = between(rng, -0.9, -0.2) - (waves[0] + waves[1] + waves[2])
    return inked(rng, bytes_of(field * pitch * pick(rng, (4.0, 20.0)) + 128))


def paint_waffle(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint a grid of hollows with soft edges."""
    pitch = size_between(rng, 10, 80)
    x, y = pixel_grid(width, height)
    ridges = np.maximum(np.cos(x * (2 * np.pi / pitch)), np.cos(y * (2 * np.pi / pitch)))
    field = ridges * between(rng, 60, 300) + between(rng, -60, 100)
    slope = (np.sin(x * (2 * np.pi / pitch)) + np.sin(y * (2 * np.pi / pitch))) * 30
    return inked(rng, bytes_of(field + slope + 60))


def _distances(width: int, height: int, pitch: float, *, staggered: bool) -> Field:
    """Return each pixel's distance to the nearest centre in pixels, float32 [H, W]."""
    x, y = pixel_grid(width, height)
    column, row = x / pitch, y / pitch
    if staggered:
        column = column + (np.floor(row) % 2) * 0.5
    squared = (fraction(column) - 0.5) ** 2 + (fraction(row) - 0.5) ** 2
    return np.asarray(np.sqrt(squared) * pitch, np.float32)
