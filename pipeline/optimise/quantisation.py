"""Weights in fewer bits."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_INT8_MAX = 127


@dataclass(frozen=True, slots=True, eq=False)
class Int8Weights:
    """Weights as whole numbers and what to multiply them by.

    Attributes:
        values: int8, -127..127, the shape of the weights.
        scale: float32, above 0, of the same rank; 1 along every axis but that of the channels.
    """

    values: NDArray[np.int8]
    scale: NDArray[np.float32]

    def restored(self) -> NDArray[np.float32]:
        """Return the weights again; each differs by at most half of its scale.

        >>> int8_weights(np.array([[1.0, -0.5], [0.25, 0.1]], np.float32)).restored().round(3)
        array([[ 1.   , -0.5  ],
               [ 0.252,  0.098]], dtype=float32)
        """
        return self.values.astype(np.float32) * self.scale


def int8_weights(weights: NDArray[np.float32]) -> Int8Weights:
    """Quantise weights symmetrically, with one scale for each output channel.

    0 stays 0, and of each channel the weight farthest from 0 is kept exactly. The channels are
    along the last axis; where that has length 1, as in the kernel of a depthwise convolution,
    along the one before it.

    Args:
        weights: float32, finite, of rank 1 or more.

    Raises:
        ValueError: A weight is not finite.
    """
    _check_finite(weights)
    is_depthwise = weights.ndim > 1 and weights.shape[-1] == 1
    channels = weights.ndim - (2 if is_depthwise else 1)
    others = tuple(axis for axis in range(weights.ndim) if axis != channels)
    largest = np.abs(weights).max(axis=others, keepdims=True, initial=0.0)
    scale = (largest / _INT8_MAX).astype(np.float32)
    # A channel of zeros, or of numbers too small to divide by, becomes one of zeros.
    scale = np.where(scale > np.finfo(np.float32).tiny, scale, np.float32(1.0))
    values = np.clip(np.rint(weights / scale), -_INT8_MAX, _INT8_MAX).astype(np.int8)
    return Int8Weights(values, scale)


def float16_weights(weights: NDArray[np.float32]) -> NDArray[np.float16]:
    """Round weights to half precision: 11 significant bits, so at most 0.05 % off each.

    Those below 6e-8 become 0.

    Raises:
        ValueError: A weight is not finite, or beyond 65504, the largest number of that precision.
    """
    _check_finite(weights)
    if weights.size and np.abs(weights).max() > np.finfo(np.float16).max:
        raise ValueError("a weight is beyond 65504, which float16 cannot hold")
    return weights.astype(np.float16)


def _check_finite(weights: NDArray[Any]) -> None:
    if not np.isfinite(weights).all():
        raise ValueError("a weight is not a finite number")
