"""Maths on boxes: arrays of shape [N, 4], one box a row. Everything is computed in float64.

The name of an array says its form. ``yxyx_normalised`` is (y_min, x_min, y_max, x_max) in
fractions of the picture, as TensorFlow's detectors answer. ``xyxy`` is (x_min, y_min, x_max,
y_max) in pixels from the top left corner of the picture.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def yxyx_normalised_to_xyxy(
    yxyx_normalised: ArrayLike, *, size_wh: tuple[int, int]
) -> NDArray[np.float64]:
    """Turn boxes in fractions of the picture into boxes in pixels.

    Args:
        yxyx_normalised: Shape [N, 4]; values outside 0..1 lie outside the picture.
        size_wh: Width and height of the picture in pixels.

    Returns:
        Shape [N, 4], (x_min, y_min, x_max, y_max).

    Examples:
        >>> yxyx_normalised_to_xyxy([[0.0, 0.25, 0.5, 1.0]], size_wh=(200, 100))
        array([[ 50.,   0., 200.,  50.]])
    """
    width, height = size_wh
    xyxy_normalised = np.asarray(yxyx_normalised, dtype=np.float64)[:, [1, 0, 3, 2]]
    return xyxy_normalised * np.array([width, height, width, height], dtype=np.float64)


def clip_xyxy(xyxy: ArrayLike, *, size_wh: tuple[int, int]) -> NDArray[np.float64]:
    """Cut boxes off at the borders of the picture.

    A box that lies wholly outside comes back with no area.

    Args:
        xyxy: Shape [N, 4], pixels.
        size_wh: Width and height of the picture in pixels.

    Returns:
        Shape [N, 4], x within 0..width and y within 0..height.

    Examples:
        >>> clip_xyxy([[-5, 10, 50, 400]], size_wh=(200, 100))
        array([[  0.,  10.,  50., 100.]])
    """
    width, height = size_wh
    return np.clip(np.asarray(xyxy, dtype=np.float64), 0.0, [width, height, width, height])


def area_xyxy(xyxy: ArrayLike) -> NDArray[np.float64]:
    """Return the area of each box in square pixels, 0 for one whose corners are swapped.

    Args:
        xyxy: Shape [N, 4], pixels.

    Returns:
        Shape [N].

    Examples:
        >>> area_xyxy([[0, 0, 20, 10], [5, 5, 5, 9], [9, 9, 0, 0]])
        array([200.,   0.,   0.])
    """
    corners = np.asarray(xyxy, dtype=np.float64)
    widths = corners[..., 2] - corners[..., 0]
    heights = corners[..., 3] - corners[..., 1]
    return np.maximum(widths, 0.0) * np.maximum(heights, 0.0)


def overlap_xyxy(first: ArrayLike, second: ArrayLike) -> NDArray[np.float64]:
    """Return the area that each box of the first array shares with each of the second.

    Args:
        first: Shape [M, 4], pixels.
        second: Shape [N, 4], pixels.

    Returns:
        Shape [M, N], square pixels.

    Examples:
        >>> overlap_xyxy([[0, 0, 10, 10], [50, 50, 60, 60]], [[5, 5, 20, 20]])
        array([[25.],
               [ 0.]])
    """
    rows = np.asarray(first, dtype=np.float64)[:, None]
    columns = np.asarray(second, dtype=np.float64)[None, :]
    starts = np.maximum(rows[..., :2], columns[..., :2])
    ends = np.minimum(rows[..., 2:], columns[..., 2:])
    return area_xyxy(np.concatenate([starts, ends], axis=-1))


def iou_xyxy(first: ArrayLike, second: ArrayLike) -> NDArray[np.float64]:
    """Return how well each box of the first array fits each of the second, 0..1.

    That is the area they share over the area they cover together, "intersection over union"; 0
    where neither has any.

    Args:
        first: Shape [M, 4], pixels.
        second: Shape [N, 4], pixels.

    Returns:
        Shape [M, N].

    Examples:
        >>> iou_xyxy([[0, 0, 10, 10], [50, 50, 50, 60]], [[0, 0, 10, 20], [50, 50, 50, 60]])
        array([[0.5, 0. ],
               [0. , 0. ]])
    """
    shared = overlap_xyxy(first, second)
    covered = area_xyxy(first)[:, None] + area_xyxy(second)[None, :] - shared
    return np.divide(shared, covered, out=np.zeros_like(shared), where=covered > 0)
