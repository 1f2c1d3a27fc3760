"""Light and shadow on a picture."""

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.codes.painting.canvas import Field, Mask, Picture, bytes_of
from pipeline.codes.painting.draws import between, chance
from pipeline.codes.painting.noise import white

# Light is worked out on this many points per side: it changes slowly.
_GRID = 24
# The grey value that leaves a picture as it is.
_UNCHANGED = 128.0
# Shadows are soft, so they are worked out on every fourth pixel.
_SHADOW_STEP = 4
_GREY_DIMENSIONS = 2


def lit(rng: np.random.Generator, picture: Picture, strength: float = 1.0) -> Picture:
    """Return a picture under uneven light: falling off to a side, a lamp, a soft shadow.

    Args:
        rng: Randomness.
        picture: uint8 RGB [H, W, 3].
        strength: 0 changes nothing, 1 is an ordinary room.
    """
    x, y = np.meshgrid(np.linspace(-1, 1, _GRID), np.linspace(-1, 1, _GRID))
    light = _slope(rng, x, y) * _lamp(rng, x, y)
    if chance(rng, 0.25):
        light = light * _shadow_edge(rng, x, y)
    light *= between(rng, 0.85, 1.15) / light.mean()
    tint = 1.0 + rng.uniform(-0.06, 0.06, 3)
    return shaded(picture, 1.0 + (light[..., None] * tint - 1.0) * strength)


def shaded(picture: Picture, factor: Field) -> Picture:
    """Return a picture times a factor in 0..2, given on a grid [h, w] or [h, w, 3] of any size."""
    height, width = picture.shape[:2]
    coarse = bytes_of(factor * _UNCHANGED)
    whole = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    if whole.ndim == _GREY_DIMENSIONS:
        whole = cv2.merge([whole, whole, whole])
    return np.asarray(cv2.multiply(picture, whole, scale=1 / _UNCHANGED), np.uint8)


def grained(rng: np.random.Generator, picture: Picture, strength: float) -> Picture:
    """Return a picture with fine grey grain of a standard deviation in grey values."""
    height, width = picture.shape[:2]
    lighter = bytes_of(white(rng, width, height) * np.float32(strength))
    darker = bytes_of(white(rng, width, height) * np.float32(strength))
    brightened = cv2.add(picture, cv2.merge([lighter, lighter, lighter]))
    return np.asarray(cv2.subtract(brightened, cv2.merge([darker, darker, darker])), np.uint8)


def shadowed(picture: Picture, mask: Mask, softness: float, strength: float) -> Picture:
    """Return a picture with a soft shadow of the things in a mask.

    Args:
        picture: uint8 RGB [H, W, 3].
        mask: uint8 [H, W], 255 where something stands above the surface.
        softness: Size of the shadow's edge in pixels.
        strength: 0 (none) to 1 (black).
    """
    height, width = picture.shape[:2]
    small_wh = (max(1, width // _SHADOW_STEP), max(1, height // _SHADOW_STEP))
    small = cv2.resize(mask, small_wh, interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(small, (0, 0), max(0.3, softness / _SHADOW_STEP))
    return shaded(picture, 1.0 - soft.astype(np.float32) * np.float32(strength / 255))


def _slope(
    rng: np.random.Generator, x: NDArray[np.float64], y: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return light that falls off along a direction; x and y run over -1..1."""
    angle = between(rng, 0, 2 * np.pi)
    amount = rng.random() ** 1.5 * 0.32
    return np.asarray(1.0 + amount * (x * np.cos(angle) + y * np.sin(angle)))


def _lamp(
    rng: np.random.Generator, x: NDArray[np.float64], y: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return light that is brightest somewhere; x and y run over -1..1."""
    distance = (x - between(rng, -1.2, 1.2)) ** 2 + (y - between(rng, -1.2, 1.2)) ** 2
    return np.asarray(1.0 - between(rng, 0.0, 0.5) * (1.0 - np.exp(-distance)))


def _shadow_edge(
    rng: np.random.Generator, x: NDArray[np.float64], y: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return a shadow that covers one side; x and y run over -1..1."""
    angle = between(rng, 0, 2 * np.pi)
    along = x * np.cos(angle) + y * np.sin(angle) + between(rng, -0.7, 0.7)
    covered = 1.0 / (1.0 + np.exp(-along * between(rng, 4.0, 25.0)))
    return np.asarray(1.0 - covered * between(rng, 0.2, 0.55))
