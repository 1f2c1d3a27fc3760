"""Stone: veined marble, speckled granite, terrazzo."""

import cv2
import numpy as np

from pipeline.codes.painting.canvas import Picture
from pipeline.codes.painting.colours import any_colour, coloured, grey, hsv, mixed, tones
from pipeline.codes.painting.draws import between, chance, count_between, pick, size_between
from pipeline.codes.painting.light import lit
from pipeline.codes.painting.noise import fractal, levels


def paint_marble(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint polished stone with veins."""
    base = hsv(between(rng, 0.0, 0.6), rng.random() * 0.2, between(rng, 0.7, 0.98))
    vein = mixed(base, any_colour(rng), between(rng, 0.4, 0.8))
    base, vein = (vein, base) if chance(rng, 0.25) else (base, vein)
    clouds = fractal(rng, width, height, coarse=max(width, height) / 2, fine=2, gain=0.55)
    veins = np.abs(fractal(rng, width, height, coarse=size_between(rng, 80, 400), fine=3, gain=0.5))
    field = 1.0 - np.exp(-veins * between(rng, 4, 14)) + clouds * between(rng, 0.05, 0.25)
    return lit(rng, coloured(levels(field, spread=200, middle=40), (vein, base)))


def paint_granite(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint stone made of small grains of several colours."""
    base = hsv(between(rng, 0.0, 0.1), rng.random() * 0.4, between(rng, 0.3, 0.8))
    fine = size_between(rng, 1.0, 4.0)
    field = fractal(rng, width, height, coarse=fine * 4, fine=fine, gain=0.9)
    stops = (grey(rng, 0.0, 0.2), *tones(base, 0.3, 0.3), grey(rng, 0.8, 1.0))
    return lit(rng, coloured(levels(field, spread=between(rng, 40, 80)), stops))


def paint_terrazzo(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint chips of stone, of a few colours, set in cement."""
    ground = fractal(rng, width, height, coarse=60, fine=1, gain=0.8)
    picture = coloured(levels(ground, spread=15), tones(grey(rng, 0.4, 0.95), 0.4, 0.3))
    chips = [any_colour(rng) for _ in range(count_between(rng, 2, 5))]
    size = size_between(rng, 4, 30)
    for _ in range(min(400, round(width * height / (size * size * 8)))):
        centre = rng.integers(0, (width, height))
        angles = np.sort(rng.uniform(0, 2 * np.pi, 5))
        spokes = np.stack([np.cos(angles), np.sin(angles)], axis=1) * size
        corners = np.asarray(centre + spokes * rng.uniform(0.3, 1.0, (5, 1)), np.int32)
        cv2.fillPoly(picture, [corners], pick(rng, chips), cv2.LINE_AA)
    return lit(rng, picture)
