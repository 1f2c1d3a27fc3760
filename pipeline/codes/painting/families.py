"""Families of pictures: one painter each, chosen by weight."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.codes.painting.canvas import Painter, Picture
from pipeline.codes.painting.draws import between, chance
from pipeline.codes.painting.view import turned

# Painters never get less room than this per side, in pixels; smaller pictures are cut out.
ROOM = 64


@dataclass(frozen=True, slots=True)
class Family:
    """A kind of picture.

    Attributes:
        weight: How often it is chosen, relative to the other weights; above 0.
        paint: Paints a picture of it.
    """

    weight: float
    paint: Painter

    def __post_init__(self) -> None:
        if not self.weight > 0:
            raise ValueError(f"expected a weight above 0, got {self.weight}")


def chosen(rng: np.random.Generator, families: Sequence[Family]) -> Family:
    """Return one of the families, each as often as its weight says."""
    totals = np.cumsum([family.weight for family in families])
    place = int(np.searchsorted(totals, rng.random() * totals[-1], side="right"))
    return families[min(place, len(families) - 1)]


def painted(
    rng: np.random.Generator, paint: Painter, size_wh: tuple[int, int], turned_share: float
) -> Picture:
    """Return a painter's picture of any size, at times turned by some angle.

    Args:
        rng: Randomness.
        paint: The painter.
        size_wh: Width and height in pixels, each at least 1.
        turned_share: How often the picture is turned, 0..1.

    Returns:
        uint8 RGB [H, W, 3].

    Raises:
        ValueError: The size is empty.
    """
    width, height = size_wh
    if width < 1 or height < 1:
        raise ValueError(f"expected at least 1x1 pixels, got {width}x{height}")
    room_wh = (max(width, ROOM), max(height, ROOM))
    if chance(rng, turned_share):
        picture = turned(rng, paint, room_wh, _angle(rng))
    else:
        picture = paint(rng, *room_wh)
    left = int(rng.integers(room_wh[0] - width + 1))
    top = int(rng.integers(room_wh[1] - height + 1))
    return np.ascontiguousarray(picture[top : top + height, left : left + width])


def _angle(rng: np.random.Generator) -> float:
    """Return an angle in radians: a little off the upright, a quarter turn, or any."""
    if chance(rng, 0.5):
        return between(rng, -0.25, 0.25)
    if chance(rng, 0.4):
        return math.pi / 2 + between(rng, -0.15, 0.15)
    return between(rng, 0.0, 2 * math.pi)
