"""Things in front of codes: fingers, stickers, smears."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.codes.painting.draws import chance
from pipeline.codes.painting.weighted import weighted

_FULL = 255


def random_occluder(
    rng: np.random.Generator, size_wh: tuple[int, int], near_xyxy: NDArray[np.float32]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Draw something that covers a part of a box.

    Args:
        rng: Where all choices come from.
        size_wh: The picture's width and height.
        near_xyxy: The box, in pixels.

    Returns:
        Colours, uint8 [height, width, 3], and how much they hide, uint8 [height, width].
    """
    draw = weighted(rng, {_finger: 4, _sticker: 3, _smear: 2})
    return draw(rng, size_wh, near_xyxy)


def _edge_point(rng: np.random.Generator, xyxy: NDArray[np.float32]) -> tuple[float, float, float]:
    """Pick a point near a box's edge, and the direction from there to its middle."""
    middle = (xyxy[:2] + xyxy[2:]) / 2
    half = (xyxy[2:] - xyxy[:2]) / 2
    angle = rng.uniform(0, 2 * math.pi)
    reach = rng.uniform(0.6, 1.15)
    x = float(middle[0] + half[0] * math.cos(angle) * reach)
    y = float(middle[1] + half[1] * math.sin(angle) * reach)
    return x, y, math.atan2(float(middle[1]) - y, float(middle[0]) - x)


def _finger(
    rng: np.random.Generator, size_wh: tuple[int, int], xyxy: NDArray[np.float32]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Draw a rounded bar that comes in from outside, in a colour of skin."""
    width, height = size_wh
    x, y, inward = _edge_point(rng, xyxy)
    thick = max(6, int(max(size_wh) * rng.uniform(0.03, 0.13)))
    away = inward + math.pi + rng.normal(0, 0.4)
    far = 2 * max(size_wh)
    end = (int(x + far * math.cos(away)), int(y + far * math.sin(away)))
    alpha = np.zeros((height, width), np.uint8)
    cv2.line(alpha, (int(x), int(y)), end, _FULL, thick, cv2.LINE_AA)
    inner = cv2.blur(alpha, (thick | 1, thick | 1)).astype(np.float32) / _FULL
    tone = rng.uniform(0.35, 1.0)
    skin = np.array([238, 190, 160]) * tone + rng.normal(0, 8, 3)
    rgb = np.clip(skin * (0.55 + 0.5 * inner[..., None]), 0, _FULL).astype(np.uint8)
    return rgb, alpha


def _sticker(
    rng: np.random.Generator, size_wh: tuple[int, int], xyxy: NDArray[np.float32]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    width, height = size_wh
    x, y, _ = _edge_point(rng, xyxy)
    extent = float((xyxy[2:] - xyxy[:2]).mean())
    size = (extent * rng.uniform(0.2, 0.7), extent * rng.uniform(0.15, 0.6))
    corners = cv2.boxPoints(((x, y), size, rng.uniform(0, 90)))
    alpha = np.zeros((height, width), np.uint8)
    cv2.fillPoly(alpha, [corners.astype(np.int32)], _FULL, cv2.LINE_AA)
    rgb = np.broadcast_to(rng.integers(0, 256, 3).astype(np.uint8), (height, width, 3))
    return rgb, alpha


def _smear(
    rng: np.random.Generator, size_wh: tuple[int, int], xyxy: NDArray[np.float32]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Draw a stroke of paint or pen across."""
    width, height = size_wh
    extent = xyxy[2:] - xyxy[:2]
    points = xyxy[:2] + extent * rng.uniform(-0.2, 1.2, (int(rng.integers(2, 5)), 2))
    thick = max(1, int(float(extent.mean()) * rng.uniform(0.02, 0.12)))
    alpha = np.zeros((height, width), np.uint8)
    strength = _FULL if chance(rng, 0.6) else int(rng.integers(80, 200))
    cv2.polylines(alpha, [points.astype(np.int32)], False, strength, thick, cv2.LINE_AA)
    rgb = np.broadcast_to(rng.integers(0, 200, 3).astype(np.uint8), (height, width, 3))
    return rgb, alpha
