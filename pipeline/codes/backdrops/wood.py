"""Wood: planks with grain."""

import numpy as np

from pipeline.codes.painting.canvas import Field, Picture, pixel_grid
from pipeline.codes.painting.colours import coloured, hsv, mixed
from pipeline.codes.painting.draws import between, chance, size_between
from pipeline.codes.painting.light import lit, shaded
from pipeline.codes.painting.noise import fractal, levels


def paint_wood(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint planks that run along x or y."""
    if chance(rng, 0.5):
        return np.ascontiguousarray(_planks(rng, height, width).transpose(1, 0, 2))
    return _planks(rng, width, height)


def _planks(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint planks along x, their rings cut lengthwise."""
    base = hsv(between(rng, 0.04, 0.11), between(rng, 0.2, 0.75), between(rng, 0.3, 0.9))
    plank = size_between(rng, 50, 500)
    y = pixel_grid(width, height)[1]
    board = np.floor(y / plank).astype(np.intp)
    shades = rng.uniform(-0.6, 0.6, int(board[-1, 0]) + 1).astype(np.float32)
    pores = fractal(rng, width, height, coarse=2, fine=1, stretch=30, gain=0.9)
    field = _rings(rng, y, width, plank) + shades[board] + pores * between(rng, 0.2, 0.6)
    dark, light = mixed(base, (20, 8, 0), between(rng, 0.3, 0.7)), mixed(base, (255, 235, 200), 0.3)
    picture = coloured(levels(field, spread=between(rng, 15, 45)), (dark, base, light))
    seams = np.where(y - board * plank < between(rng, 1.0, 3.0), 0.45, 1.0)
    return lit(rng, shaded(picture, np.repeat(seams, 2, axis=1)))


def _rings(rng: np.random.Generator, y: Field, width: int, plank: float) -> Field:
    """Return annual rings, bowed differently in each plank, [H, W], about -1..1."""
    pitch = size_between(rng, 6, 60)
    warp = fractal(rng, width, len(y), coarse=plank, fine=plank / 4, gain=0.4, stretch=6)
    phase = y * (2 * np.pi / pitch) + warp * between(rng, 1.0, 9.0)
    return np.sin(phase) * between(rng, 0.3, 1.0)
