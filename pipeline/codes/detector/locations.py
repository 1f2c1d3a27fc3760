"""The places from which the network predicts boxes, and how it writes boxes down.

Each cell of the feature maps of strides 8, 16 and 32 predicts one box, as the distances from the
cell's centre to the box's four sides (FCOS, Tian et al. 2019, arXiv:1904.01355, equation 1).
"""

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

STRIDES = (8, 16, 32)
# Distances stay within exp(-4) and exp(4) strides: from a seventh of a pixel to 1700 pixels.
_LOG_DISTANCE_MAX = 4.0


class Locations(NamedTuple):
    """The centres of all cells, level after level, row after row.

    Attributes:
        centres_xy: float32 [L, 2], pixels of the square.
        strides: float32 [L], pixels.
    """

    centres_xy: NDArray[np.float32]
    strides: NDArray[np.float32]


def locations(size: int) -> Locations:
    """Return the locations of a square input.

    Args:
        size: Side in pixels, a multiple of the largest stride.

    Raises:
        ValueError: The size is no such multiple.

    Examples:
        >>> centres_xy, strides = locations(32)
        >>> centres_xy.shape, centres_xy[0].tolist(), centres_xy[1].tolist(), strides[-1].item()
        ((21, 2), [4.0, 4.0], [12.0, 4.0], 32.0)
    """
    if size < 1 or size % STRIDES[-1]:
        raise ValueError(f"expected a size that is a multiple of {STRIDES[-1]}, got {size}")
    centres, strides = [], []
    for stride in STRIDES:
        steps = (np.arange(size // stride, dtype=np.float32) + 0.5) * stride
        x, y = np.meshgrid(steps, steps)
        centres.append(np.stack([x.ravel(), y.ravel()], axis=1))
        strides.append(np.full(x.size, stride, np.float32))
    return Locations(np.concatenate(centres), np.concatenate(strides))


def boxes_from_distances(log_distances: Any, places: Locations) -> Any:
    """Return boxes, float32 [..., L, 4] as xyxy in pixels of the square.

    Args:
        log_distances: float32 [..., L, 4], natural logarithms of the distances to the left, top,
            right and bottom side, in strides of the location.
        places: The L locations.
    """
    limited = tf.clip_by_value(log_distances, -_LOG_DISTANCE_MAX, _LOG_DISTANCE_MAX)
    distances = tf.exp(limited) * places.strides[:, None]
    near, far = tf.split(distances, 2, axis=-1)
    return tf.concat([places.centres_xy - near, places.centres_xy + far], axis=-1)
