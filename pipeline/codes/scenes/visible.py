"""The part of a code that is inside the picture, and its box."""

import cv2
import numpy as np
from numpy.typing import NDArray


def clipped(polygon: NDArray[np.float32], size_wh: tuple[int, int]) -> NDArray[np.float32]:
    """Cut a polygon at the picture's edges, side by side (Sutherland and Hodgman, 1974).

    Args:
        polygon: Corners in order, x and y in pixels, float32 [N, 2].
        size_wh: The picture's width and height.

    Returns:
        The corners of what is left, float32 [M, 2]; none if nothing is left.

    >>> triangle = np.array([[-2, 0], [2, 0], [2, 4]], np.float32)
    >>> clipped(triangle, (9, 9)).tolist()
    [[0.0, 2.0], [0.0, 0.0], [2.0, 0.0], [2.0, 4.0]]
    """
    for axis, limit in enumerate(size_wh):
        for sign, bound in ((1.0, 0.0), (-1.0, -float(limit))):
            polygon = _cut(polygon, sign * polygon[:, axis] - bound)
    return polygon


def _cut(polygon: NDArray[np.float32], inside_by: NDArray[np.float32]) -> NDArray[np.float32]:
    corners: list[NDArray[np.float32]] = []
    for index in range(len(polygon)):
        here, before = inside_by[index], inside_by[index - 1]
        if (here >= 0) != (before >= 0):
            share = before / (before - here)
            corners.append(polygon[index - 1] + share * (polygon[index] - polygon[index - 1]))
        if here >= 0:
            corners.append(polygon[index])
    return np.array(corners, np.float32).reshape(-1, 2)


def area(polygon: NDArray[np.float32]) -> float:
    """Return a polygon's area in square pixels; 0 for fewer than three corners."""
    return float(cv2.contourArea(polygon)) if len(polygon) > 2 else 0.0  # noqa: PLR2004


def bounds(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the box round points: x and y of its low corner, then of its high one, float32 [4]."""
    return np.concatenate([points.min(axis=0), points.max(axis=0)]).astype(np.float32)


def mask_bounds(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the box round the true pixels of a mask that has some, float32 [4] as xyxy."""
    columns = np.flatnonzero(mask.any(axis=0))
    rows = np.flatnonzero(mask.any(axis=1))
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], np.float32)
