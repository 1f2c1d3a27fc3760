"""Reading one named output of a model, whatever numbers it comes as."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vision.exceptions import OutputsError

# Half precision rounds a probability by up to 0.0005; what lies further outside 0..1 is a logit.
_ROUNDING = 1e-3
_CLASS_ID_MAX = np.iinfo(np.int32).max


def read_numbers(outputs: Mapping[str, NDArray[Any]], name: str) -> NDArray[np.float64]:
    """Return a named output as float64, of whatever shape.

    Raises:
        OutputsError: It is missing, or holds no numbers.
    """
    if name not in outputs:
        given = ", ".join(sorted(outputs)) or "none"
        raise OutputsError(f"expected an output named {name}, got {given}")
    try:
        return np.asarray(outputs[name]).astype(np.float64)
    except (TypeError, ValueError) as error:
        kind = np.asarray(outputs[name]).dtype
        raise OutputsError(f"expected numbers in output {name}, got {kind}") from error


def read_rows(
    outputs: Mapping[str, NDArray[Any]], name: str, row_shape: tuple[int, ...] = ()
) -> NDArray[np.float64]:
    """Return a named output as [N, *row_shape], its batch dimension of one taken off.

    Raises:
        OutputsError: It is missing, holds no numbers, or has another shape.
    """
    array = read_numbers(outputs, name)
    batched_rank = 2 + len(row_shape)
    if array.ndim == batched_rank:
        if len(array) != 1:
            raise OutputsError(f"expected a batch of one picture in {name}, got {len(array)}")
        array = array[0]
    if array.ndim != batched_rank - 1 or array.shape[1:] != row_shape:
        expected = ", ".join(["1", "N", *map(str, row_shape)])
        given = list(outputs[name].shape)
        raise OutputsError(f"expected shape [{expected}] of output {name}, got {given}")
    return array


def as_class_ids(classes: NDArray[np.float64], name: str) -> NDArray[np.int64]:
    """Return the numbers of an output as class ids.

    Raises:
        OutputsError: One is negative, or larger than any class id.
    """
    wrong = classes[(classes < -_ROUNDING) | (classes > _CLASS_ID_MAX)]
    if wrong.size:
        raise OutputsError(f"expected class ids in output {name}, got {wrong[0]}")
    return np.rint(classes).astype(np.int64)


def as_probabilities(scores: NDArray[np.float64], name: str) -> NDArray[np.float32]:
    """Return the numbers of an output as probabilities, what rounding did to them undone.

    Raises:
        OutputsError: One lies outside 0..1.
    """
    wrong = scores[(scores < -_ROUNDING) | (scores > 1 + _ROUNDING)]
    if wrong.size:
        raise OutputsError(f"expected probabilities from 0 to 1 in output {name}, got {wrong[0]}")
    return np.clip(scores, 0.0, 1.0).astype(np.float32)
