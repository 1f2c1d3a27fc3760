"""The protobuf wire format: just enough of it to write and read tensors without copies.

https://protobuf.dev/programming-guides/encoding/ is the source of every rule here.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving_client.exceptions import AnswerError

__all__ = ["FIXED32", "FIXED64", "LENGTH", "VARINT", "fields", "length_header", "varint", "varints"]

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
_VARINT_BYTES_MAX = 10
_UINT64 = 2**64 - 1

Field = tuple[int, int, Any]
"""Number, wire type, and value: an int for VARINT, else a view of the bytes."""


def varint(value: int) -> bytes:
    r"""A number from 0 to 2**64 - 1 as a varint.

    >>> varint(300)
    b'\xac\x02'
    """
    octets = bytearray()
    while value > 0x7F:  # noqa: PLR2004  seven bits a byte
        octets.append(value & 0x7F | 0x80)
        value >>= 7
    octets.append(value)
    return bytes(octets)


def length_header(field: int, length: int) -> bytes:
    r"""What stands before the bytes of a length-delimited field.

    >>> length_header(4, 3)
    b'"\x03'
    """
    return varint(field << 3 | LENGTH) + varint(length)


def _read_varint(data: memoryview, position: int) -> tuple[int, int]:
    if position < len(data) and data[position] < 0x80:  # noqa: PLR2004  nearly always one byte
        return data[position], position + 1
    value = 0
    for index, octet in enumerate(data[position : position + _VARINT_BYTES_MAX]):
        value |= (octet & 0x7F) << 7 * index
        if octet < 0x80:  # noqa: PLR2004  the top bit says that more follows
            return value & _UINT64, position + index + 1
    raise AnswerError("the answer holds a number that does not end")


def fields(data: memoryview) -> Iterator[Field]:
    """Yields the fields of a message, in the order in which they stand.

    Args:
        data: the bytes of one message.

    Raises:
        AnswerError: the bytes are no message.
    """
    position = 0
    while position < len(data):
        tag, position = _read_varint(data, position)
        number, wire_type = tag >> 3, tag & 7
        if wire_type == VARINT:
            value, position = _read_varint(data, position)
            yield number, wire_type, value
            continue
        length = {FIXED64: 8, FIXED32: 4}.get(wire_type)
        if wire_type == LENGTH:
            length, position = _read_varint(data, position)
        if length is None or number == 0:
            raise AnswerError(f"the answer holds no message: field {number}, wire type {wire_type}")
        if position + length > len(data):
            raise AnswerError(f"the answer is cut off: field {number} wants {length} bytes")
        yield number, wire_type, data[position : position + length]
        position += length


def varints(data: memoryview) -> NDArray[np.uint64]:
    """The numbers of a packed field of varints, without a loop over them.

    Args:
        data: varints side by side.

    Returns:
        uint64 [N]; negative numbers stand in two's complement.

    Raises:
        AnswerError: the last number does not end, or one is longer than a varint may be.

    >>> varints(memoryview(bytes([1, 0xAC, 2, 0])))
    array([  1, 300,   0], dtype=uint64)
    """
    octets = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(octets < 0x80)  # noqa: PLR2004  the top bit says that more follows
    if ends.size == octets.size:
        return octets.astype(np.uint64)
    if ends.size == 0 or ends[-1] != octets.size - 1:
        raise AnswerError("the answer holds a list of numbers that does not end")
    starts = np.concatenate(([0], ends[:-1] + 1))
    lengths = ends - starts + 1
    if np.any(lengths > _VARINT_BYTES_MAX):
        raise AnswerError("the answer holds a number that is too long")
    places = np.arange(octets.size) - np.repeat(starts, lengths)
    shifted = (octets & 0x7F).astype(np.uint64) << (7 * places).astype(np.uint64)
    numbers: NDArray[np.uint64] = np.bitwise_or.reduceat(shifted, starts)
    return numbers
