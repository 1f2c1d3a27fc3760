"""Leaves and grass."""

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.codes.painting.canvas import BLACK, Colour, Picture
from pipeline.codes.painting.colours import coloured, hsv, mixed
from pipeline.codes.painting.draws import between, chance, size_between
from pipeline.codes.painting.light import lit
from pipeline.codes.painting.noise import fractal, levels

# Half the outline of a leaf from stem to tip: along it and across it, in lengths of the leaf.
_OUTLINE = ((0.0, 0.0), (0.2, 0.16), (0.45, 0.22), (0.75, 0.13), (1.0, 0.0))


def paint_leaves(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint a hedge or a bed of plants: leaf over leaf, the lower ones darker."""
    hue, size = between(rng, 0.17, 0.4), size_between(rng, 14, 90)
    picture = _ground(rng, width, height, hsv(hue, 0.6, 0.25))
    count = int(np.clip(width * height / (size * size) * 2.5, 10, 350))
    outline = np.array([*_OUTLINE, *((x, -y) for x, y in _OUTLINE[-2:0:-1])]) * (size, size)
    for layer in range(count):
        depth = 0.25 + 0.75 * layer / count
        green = hsv(
            hue + between(rng, -0.04, 0.04), between(rng, 0.3, 0.8), between(rng, 0.35, 0.8)
        )
        start = rng.uniform(-size, (width, height))
        _leaf(
            rng,
            picture,
            start + _turned(outline, rng.uniform(0, 2 * np.pi)),
            mixed(BLACK, green, depth),
        )
    return lit(rng, picture)


def paint_grass(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint grass or straw: thin blades, mostly upright."""
    straw = chance(rng, 0.3)
    hue = between(rng, 0.09, 0.14) if straw else between(rng, 0.18, 0.36)
    picture = _ground(rng, width, height, hsv(hue, 0.6, 0.35))
    length, count = size_between(rng, 20, 90), 350
    roots = rng.uniform(0, (width, height + length), (count, 2))
    tips = roots + rng.normal(0, 1, (count, 2)) * length * 0.35 - (0, length * (not straw))
    for root, tip in zip(roots.astype(int).tolist(), tips.astype(int).tolist(), strict=True):
        blade = hsv(hue + between(rng, -0.03, 0.03), between(rng, 0.3, 0.8), between(rng, 0.3, 0.9))
        cv2.line(picture, root, tip, blade, max(1, round(length / 22)), cv2.LINE_AA)
    return lit(rng, picture)


def _ground(rng: np.random.Generator, width: int, height: int, colour: Colour) -> Picture:
    """Paint what shows between the leaves."""
    field = fractal(rng, width, height, coarse=60, fine=3, gain=0.8)
    return coloured(
        levels(field), (mixed(colour, BLACK, 0.9), colour, mixed(colour, (255, 255, 150), 0.3))
    )


def _leaf(
    rng: np.random.Generator, picture: Picture, outline: NDArray[np.float64], colour: Colour
) -> None:
    """Draw a leaf: its two halves catch different light."""
    half = len(outline) // 2 + 1
    shade = mixed(colour, BLACK, between(rng, 0.1, 0.35))
    cv2.fillPoly(picture, [outline.astype(np.int32)], colour, cv2.LINE_AA)
    cv2.fillPoly(picture, [outline[:half].astype(np.int32)], shade, cv2.LINE_AA)


def _turned(points: NDArray[np.float64], angle: float) -> NDArray[np.float64]:
    """Return points [N, 2] turned about the origin."""
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.asarray(points @ np.array([[cosine, sine], [-sine, cosine]]))
