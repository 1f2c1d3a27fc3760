"""Weights set to 0."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray


def pruned(weights: NDArray[np.float32], sparsity: float) -> NDArray[np.float32]:
    """Set the smallest weights to 0, by magnitude (Han et al. 2015, arXiv:1506.02626).

    Args:
        weights: float32, of any shape.
        sparsity: Share of them, 0..1; rounded down to whole weights.

    Raises:
        ValueError: The share is out of range.

    Examples:
        >>> pruned(np.array([[0.5, -0.1], [0.2, -3.0]], np.float32), 0.5)
        array([[ 0.5,  0. ],
               [ 0. , -3. ]], dtype=float32)
    """
    if not 0 <= sparsity <= 1:
        raise ValueError(f"expected a share from 0 to 1, got {sparsity}")
    kept = weights.copy()
    count = int(sparsity * weights.size)
    if count:
        smallest = np.argpartition(np.abs(weights), count - 1, axis=None)[:count]
        kept.reshape(-1)[smallest] = 0.0
    return kept


def sparsity_of(arrays: Iterable[NDArray[np.float32]]) -> float:
    """Return the share of zeros (0..1) in all arrays together; 0 where there are none.

    >>> sparsity_of([np.zeros(3, np.float32), np.ones(1, np.float32)])
    0.75
    """
    sizes = [(array.size, int(np.count_nonzero(array))) for array in arrays]
    total = sum(size for size, _ in sizes)
    return 1 - sum(count for _, count in sizes) / total if total else 0.0
