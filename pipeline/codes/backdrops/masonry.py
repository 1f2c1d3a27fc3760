"""Walls and floors: bricks and tiles with joints."""

import numpy as np

from pipeline.codes.painting.canvas import Picture, pixel_grid
from pipeline.codes.painting.colours import any_colour, coloured, grey, hsv, tones
from pipeline.codes.painting.draws import between, size_between
from pipeline.codes.painting.light import lit
from pipeline.codes.painting.noise import fractal, levels


def paint_bricks(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint courses of bricks, each brick of another shade, shifted by half a brick."""
    base = hsv(between(rng, 0, 0.09), between(rng, 0.1, 0.6), between(rng, 0.35, 0.85))
    course = size_between(rng, 12, 80)
    values = _courses(rng, (width, height), (course * between(rng, 2, 4), course), 0.5)
    return lit(rng, coloured(values, (grey(rng, 0.3, 0.9), *tones(base, 0.5, 0.4))))


def paint_tiles(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint tiles in straight rows."""
    side = size_between(rng, 12, 120)
    values = _courses(rng, (width, height), (side * between(rng, 0.8, 1.6), side), 0.0)
    return lit(rng, coloured(values, (grey(rng, 0.2, 0.95), *tones(any_colour(rng), 0.35, 0.3))))


def _courses(
    rng: np.random.Generator,
    size_wh: tuple[int, int],
    brick_wh: tuple[float, float],
    shift: float,
) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Return grey values of a wall: joints near 0, bricks around 150.

    Args:
        rng: Randomness.
        size_wh: Of the wall in pixels.
        brick_wh: Distance from brick to brick, in pixels.
        shift: How far every other course is moved, in bricks.
    """
    length, course = brick_wh
    x, y = pixel_grid(*size_wh)
    joint = course * between(rng, 0.03, 0.14) + 1.0
    row = np.floor(y / course).astype(np.intp)[:, 0]
    rows = np.arange(row[-1] + 1)[:, None]
    along = x + rows % 2 * (shift * length)
    shades = rng.standard_normal((len(rows), int(along.max() / length) + 1))
    strips = shades[rows, (along / length).astype(np.intp)] * between(rng, 0.0, 0.6)
    grain = fractal(rng, *size_wh, coarse=course, fine=1, gain=0.85) * between(rng, 0.05, 0.5)
    is_joint = (along % length < joint)[row] | (y % course < joint)
    values = levels(strips.astype(np.float32)[row] + grain, spread=40, middle=150)
    return np.where(is_joint, values // 8, values)
