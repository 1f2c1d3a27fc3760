"""Named tensors in shared memory: put there by one process, taken out by the other."""

import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from itertools import accumulate, pairwise
from typing import Any

import ml_dtypes  # noqa: F401  # makes numpy know the names of bfloat16 and its like
import numpy as np

from model_server.isolation.protocol import PackedTensor
from model_server.isolation.shared_memory import Block
from model_server.runtimes import Tensor

_ALIGNMENT = 64  # bytes; what TensorFlow needs to use memory as it is
_STRINGS = np.dtype(object)
_LENGTH = np.dtype(np.int64)
_BYTE = np.dtype(np.uint8)


def pack(tensors: Mapping[str, Tensor], block: Block, start: int = 0) -> list[PackedTensor]:
    """Pack tensors.

    Args:
        tensors: By alias; strings as objects of type bytes.
        block: Where they go.
        start: From where on the block is free, in bytes.

    Raises:
        ValueError: A tensor is of a type that TensorFlow does not share; the message starts with
            its alias.
        OSError: There is no room in the block.
    """
    packed = []
    for alias, tensor in tensors.items():
        dtype = _name_of(tensor.dtype)
        if dtype is None:
            raise ValueError(
                f"{alias}: expected a data type that TensorFlow shares, got {tensor.dtype}"
            )
        content = _joined(tensor) if tensor.dtype == _STRINGS else tensor
        offset = math.ceil(start / _ALIGNMENT) * _ALIGNMENT
        start = offset + content.nbytes
        if content.nbytes:
            block.reserve(start)
            block.view(offset, content.shape, content.dtype)[...] = content
        packed.append(PackedTensor(alias, dtype, tensor.shape, offset, content.nbytes))
    return packed


def end_of(packed: Iterable[PackedTensor]) -> int:
    """Return up to where packed tensors take a block."""
    return max((each.offset + each.size for each in packed), default=0)


def unpack(tensors: Iterable[PackedTensor], block: Block) -> dict[str, Tensor]:
    """Return packed tensors by alias, in memory of their own.

    A model may keep a tensor that it was given, in a variable for example, so none of them may
    stay where the next call writes.
    """
    return {each.alias: _unpacked(each, block) for each in tensors}


def _unpacked(packed: PackedTensor, block: Block) -> Tensor:
    dtype = np.dtype(packed.dtype)
    if not packed.size:
        return np.empty(packed.shape, dtype)
    if dtype == _STRINGS:
        return _split(block.view(packed.offset, [packed.size], _BYTE).tobytes(), packed.shape)
    return _aligned_copy(block.view(packed.offset, packed.shape, dtype))


@cache
def _name_of(dtype: np.dtype[Any]) -> str | None:
    """Return the name by which numpy finds an element type again; `None` if there is none."""
    with suppress(TypeError):
        return dtype.name if np.dtype(dtype.name) == dtype else None
    return None


def _joined(strings: Tensor) -> Tensor:
    """Write the lengths of all strings, then their bytes."""
    elements = strings.ravel().tolist()
    lengths = np.fromiter(map(len, elements), _LENGTH, len(elements))
    return np.frombuffer(lengths.tobytes() + b"".join(elements), _BYTE)


def _split(buffer: bytes, shape: Sequence[int]) -> Tensor:
    count = math.prod(shape)
    lengths = np.frombuffer(buffer, _LENGTH, count).tolist()
    bounds = accumulate(lengths, initial=count * _LENGTH.itemsize)
    strings = np.empty(count, _STRINGS)
    strings[:] = [buffer[start:end] for start, end in pairwise(bounds)]
    return strings.reshape(shape)


def _aligned_copy(tensor: Tensor) -> Tensor:
    """Copy an array to an address at which TensorFlow need not copy it again."""
    memory = np.empty(tensor.nbytes + _ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % _ALIGNMENT
    copy = np.ndarray(tensor.shape, tensor.dtype, memory, start)
    copy[...] = tensor
    return copy
