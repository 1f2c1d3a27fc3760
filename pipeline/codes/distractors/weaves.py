"""Patterns of cloth: checks, tartans, houndstooth, basket weave."""

import numpy as np

from pipeline.codes.painting.canvas import (
    Mask,
    Picture,
    bytes_of,
    cells,
    fraction,
    pixel_grid,
    tiled,
)
from pipeline.codes.painting.colours import coloured, palette
from pipeline.codes.painting.draws import between, count_between, pick, size_between
from pipeline.codes.painting.ink import inked

# A tooth of the pattern, on a grid of 8 by 8: four dark and four light threads each way, woven as
# a 2/2 twill.
_TWILL = np.array([[(x + y) // 2 % 2 for x in range(8)] for y in range(8)])
_DARK_THREAD = np.arange(8) < 4  # noqa: PLR2004  half of the threads


def paint_checks(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint gingham: stripes across stripes, darkest where both meet."""
    period, share = size_between(rng, 8, 90), between(rng, 0.3, 0.7)
    x, y = pixel_grid(width, height)
    across, along = x / period % 1 < share, y / period % 1 < share
    return inked(rng, np.asarray(across * 127 + along * 127, np.uint8))


def paint_tartan(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint the same sequence of coloured bands in both directions, mirrored and repeated."""
    widths = np.maximum(2, rng.uniform(2, size_between(rng, 8, 50), count_between(rng, 3, 6)))
    half = np.repeat(rng.integers(0, 128, len(widths)), np.round(widths).astype(int))
    sett = np.concatenate([half, half[::-1]])
    bands = np.tile(sett, max(width, height) // len(sett) + 1)
    values = bands[None, :width] + bands[:height, None]
    return coloured(np.asarray(values, np.uint8), palette(rng, 4))


def paint_houndstooth(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint broken checks of two colours."""
    warp, weft = _DARK_THREAD[None, :], _DARK_THREAD[:, None]
    tooth = np.where(_TWILL > 0, warp, weft)
    return inked(rng, _repeated(tooth, round(size_between(rng, 1, 9)), width, height))


def paint_basket(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint strands that pass over and under each other."""
    cell, strands = round(size_between(rng, 10, 70)), count_between(rng, 1, 4)
    ramp = np.abs(np.sin((np.arange(cell) + 0.5) * (np.pi * strands / cell)))
    level = np.repeat(bytes_of(ramp * between(rng, 120, 400))[:, None], cell, axis=1)
    rows, columns = cells(width, height, cell)
    kinds = (np.arange(rows)[:, None] + np.arange(columns)[None, :]) % 2
    return inked(rng, tiled(np.stack([level, level.T]), kinds, (width, height)))


def paint_fence(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint a fence of wire, a lattice or a grating."""
    period, share = size_between(rng, 10, 90), between(rng, 0.06, 0.35)
    x, y = pixel_grid(width, height)
    steep = pick(rng, (1.0, 1.0, between(rng, 0.5, 2.0)))
    one, other = fraction((x + y * steep) / period), fraction((x - y * steep) / period)
    return inked(rng, np.asarray(((one < share) | (other < share)) * 255, np.uint8))


def _repeated(motif: np.ndarray, scale: int, width: int, height: int) -> Mask:
    """Return a motif of zeros and ones, enlarged and repeated, uint8 [H, W]."""
    large = np.kron(motif, np.ones((scale, scale))) * 255
    rows, columns = -(-height // large.shape[0]), -(-width // large.shape[1])
    whole = np.tile(large, (rows, columns))[:height, :width]
    return np.ascontiguousarray(whole, np.uint8)
