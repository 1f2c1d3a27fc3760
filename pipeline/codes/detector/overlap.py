"""How much boxes overlap."""

from typing import Any

import tensorflow as tf

# Keeps the overlap of two boxes without area, 0 / 0, a 0.
_EPSILON = 1e-7


def iou(first: Any, second: Any) -> Any:
    """Return the intersection over union, 0..1, of boxes as xyxy whose shapes broadcast.

    Args:
        first: float32 [..., 4].
        second: float32 [..., 4].
    """
    intersection, union = _intersection_and_union(first, second)
    return intersection / (union + _EPSILON)


def giou(first: Any, second: Any) -> Any:
    """Return the generalised IoU, -1..1, of boxes as xyxy whose shapes broadcast.

    It falls on, where the IoU of boxes apart from each other is a flat 0 (Rezatofighi et al.
    2019, arXiv:1902.09630, algorithm 1): from the IoU, the share of the smallest box around both
    that neither covers is taken away.

    Args:
        first: float32 [..., 4].
        second: float32 [..., 4].
    """
    intersection, union = _intersection_and_union(first, second)
    hull = _area(
        tf.minimum(first[..., :2], second[..., :2]), tf.maximum(first[..., 2:], second[..., 2:])
    )
    return intersection / (union + _EPSILON) - (hull - union) / (hull + _EPSILON)


def _intersection_and_union(first: Any, second: Any) -> tuple[Any, Any]:
    intersection = _area(
        tf.maximum(first[..., :2], second[..., :2]), tf.minimum(first[..., 2:], second[..., 2:])
    )
    areas = _area(first[..., :2], first[..., 2:]) + _area(second[..., :2], second[..., 2:])
    return intersection, areas - intersection


def _area(near: Any, far: Any) -> Any:
    return tf.reduce_prod(tf.maximum(far - near, 0.0), axis=-1)
