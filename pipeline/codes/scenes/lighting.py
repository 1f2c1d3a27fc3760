"""Light on a scene: shadows, glare, stripes of blinds, the grain of a screen."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.codes.painting.draws import chance, size_between
from pipeline.codes.painting.weighted import weighted

_COARSE = 4
_FULL = 255


def lit(rng: np.random.Generator, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Cast random light on a picture, uint8 RGB [height, width, 3]; often none."""
    effect = weighted(rng, {"none": 50, "slope": 20, "shadow": 16, "stripes": 4, "glare": 10})
    height, width = image.shape[:2]
    size_wh = (width // _COARSE + 1, height // _COARSE + 1)
    if effect == "none":
        return image
    if effect == "glare":
        return _with_glare(rng, image, size_wh)
    draw = {"slope": _slope, "shadow": _shadow, "stripes": _stripes}[effect]
    factor = cv2.resize(draw(rng, size_wh), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.clip(image * factor[..., None], 0, _FULL), np.uint8)


def with_moire(rng: np.random.Generator, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Add the waves that a camera sees on a screen: its grid against that of the sensor.

    Red, green and blue lie beside each other on a screen, so their waves are a third apart.
    """
    height, width = image.shape[:2]
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    waves = np.zeros((height, width, 3), np.float32)
    for _ in range(2):
        turn = rng.uniform(0, 2 * math.pi)
        period = size_between(rng, 3, 60)
        phase = (columns * math.cos(turn) + rows * math.sin(turn)) * (2 * math.pi / period)
        thirds = np.arange(3, dtype=np.float32) * (2 * math.pi / 3 * rng.uniform(0.3, 1))
        waves += rng.uniform(4, 22) * np.cos(phase[..., None] + thirds)
    return np.asarray(np.clip(image + waves, 0, _FULL), np.uint8)


def _slope(rng: np.random.Generator, size_wh: tuple[int, int]) -> NDArray[np.float32]:
    corners = rng.uniform(0.55, 1.2, (2, 2)).astype(np.float32)
    return cv2.resize(corners, size_wh, interpolation=cv2.INTER_LINEAR).astype(np.float32)


def _shadow(rng: np.random.Generator, size_wh: tuple[int, int]) -> NDArray[np.float32]:
    """Shade one side of a crooked line, with a soft edge."""
    width, height = size_wh
    mask = np.zeros((height, width), np.float32)
    count = int(rng.integers(3, 7))
    points = rng.uniform(-0.4, 1.4, (count, 2)) * (width, height)
    cv2.fillPoly(mask, [cv2.convexHull(points.astype(np.int32))], 1.0)
    soft = cv2.GaussianBlur(mask, (0, 0), size_between(rng, 0.5, 12))
    return np.asarray(1 - rng.uniform(0.2, 0.65) * soft, np.float32)


def _stripes(rng: np.random.Generator, size_wh: tuple[int, int]) -> NDArray[np.float32]:
    width, height = size_wh
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    turn = rng.uniform(0, math.pi)
    period = rng.uniform(6, 30)
    wave = np.sin((columns * math.cos(turn) + rows * math.sin(turn)) * (2 * math.pi / period))
    sharp = np.clip(wave * rng.uniform(1, 6), -1, 1)
    return np.asarray(1 - rng.uniform(0.1, 0.25) * (1 + sharp), np.float32)


def _with_glare(
    rng: np.random.Generator, image: NDArray[np.uint8], size_wh: tuple[int, int]
) -> NDArray[np.uint8]:
    """Add a soft bright spot, long or round, as on foil."""
    width, height = size_wh
    spot = np.zeros((height, width), np.float32)
    centre = (int(rng.integers(width)), int(rng.integers(height)))
    axes = (int(width * rng.uniform(0.03, 0.3)) + 1, int(height * rng.uniform(0.02, 0.2)) + 1)
    cv2.ellipse(spot, centre, axes, rng.uniform(0, 180), 0, 360, 1.0, -1)
    soft = cv2.GaussianBlur(spot, (0, 0), max(axes) * rng.uniform(0.2, 0.7) + 0.5)
    strength = rng.uniform(40, 190) * (1.4 if chance(rng, 0.2) else 1.0)
    full = cv2.resize(soft, image.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.clip(image + strength * full[..., None], 0, _FULL), np.uint8)
