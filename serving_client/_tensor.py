"""Arrays to the bytes of a TensorProto, and back.

Writing copies each array once, when `b"".join` puts the request together: a tensor is a short
header and a view of the array's own buffer. Reading copies it once as well, out of the answer's
bytes. No loop runs over the elements, strings excepted.
"""

import math
from collections.abc import Iterable
from functools import lru_cache
from itertools import chain, pairwise

import numpy as np

from protos.gen.tensorflow.core.framework import tensor_pb2, tensor_shape_pb2
from serving_client import _wire
from serving_client._dtypes import STRING, Coding, WireType, by_dtype, by_number
from serving_client._values import Array
from serving_client.exceptions import AnswerError

__all__ = ["decode_tensor", "encode_tensor", "owned", "split_tensor", "tensor_view", "to_bytes"]

_FIELDS = {
    name: each.number for name, each in tensor_pb2.TensorProto.DESCRIPTOR.fields_by_name.items()
}
_DIM = tensor_shape_pb2.TensorShapeProto.DIM_FIELD_NUMBER
_UNKNOWN_RANK = tensor_shape_pb2.TensorShapeProto.UNKNOWN_RANK_FIELD_NUMBER
_DIM_SIZE = tensor_shape_pb2.TensorShapeProto.Dim.SIZE_FIELD_NUMBER

# An answer may say "this value, a million times" in a few bytes. That far we believe it.
_FILLED_BYTES_MAX = 1 << 30
_RANK_MAX = 64  # of numpy
_REMEMBERED = 1024
_SHAPE_BYTES_MAX = 128

Part = bytes | memoryview
"""A piece of a request; the pieces are joined once, at the end."""


def encode_tensor(array: Array) -> list[Part]:
    """The pieces of a TensorProto.

    Numbers travel in `tensor_content`, strings in `string_val`.

    Args:
        array: any shape, zero-size and scalar included; any byte order. Not changed.

    Returns:
        Pieces to be joined. The last may be a view of the array's own memory.

    Raises:
        TypeError: TensorFlow has no such element type.
    """
    wire_type = by_dtype(array.dtype)
    if wire_type is STRING:
        return [_head(STRING.number, array.shape), *_string_parts(array)]
    content = _content(array, wire_type)
    return [_before_content(wire_type.number, array.shape, len(content)), content]


def split_tensor(array: Array) -> tuple[bytes, memoryview]:
    """A TensorProto of numbers without its elements, and its `tensor_content`.

    Args:
        array: any shape, any byte order; not of strings. Not changed.

    Returns:
        The second may be a view of the array's own memory.

    Raises:
        TypeError: TensorFlow has no such element type.
    """
    wire_type = by_dtype(array.dtype)
    return _head(wire_type.number, array.shape), _content(array, wire_type)


def _content(array: Array, wire_type: WireType) -> memoryview:
    return np.asarray(array, wire_type.dtype, order="C").reshape(-1).view(np.uint8).data


@lru_cache(maxsize=_REMEMBERED)
def _before_content(number: int, shape: tuple[int, ...], size: int) -> bytes:
    return _head(number, shape) + _wire.length_header(_FIELDS["tensor_content"], size)


@lru_cache(maxsize=_REMEMBERED)
def _head(number: int, shape: tuple[int, ...]) -> bytes:
    message = tensor_pb2.TensorProto(dtype=number)  # type: ignore[arg-type]  # an int is
    message.tensor_shape.SetInParent()  # a scalar has a shape, too
    for size in shape:
        message.tensor_shape.dim.add(size=size)
    return message.SerializeToString()


def _string_parts(array: Array) -> Iterable[bytes]:
    texts = [to_bytes(element) for element in array.reshape(-1).tolist()]
    headers = (_wire.length_header(STRING.field, len(text)) for text in texts)
    return chain.from_iterable(zip(headers, texts, strict=True))


def to_bytes(element: object) -> bytes:
    """The bytes of an element of a tensor of strings; text is encoded as UTF-8.

    Raises:
        TypeError: it is neither text nor bytes.
    """
    if isinstance(element, str):
        return element.encode()
    if isinstance(element, bytes):
        return element
    raise TypeError(f"a tensor of strings holds bytes or str, not {type(element).__name__}")


def decode_tensor(data: memoryview, beside: memoryview | None = None) -> Array:
    """The array of a TensorProto, in either encoding.

    Args:
        data: the bytes of the message.
        beside: its `tensor_content`, if that came beside the message.

    Returns:
        A writable array of its own memory, or of that of `beside`. Strings: dtype object, elements
        bytes.

    Raises:
        AnswerError: the bytes are no tensor, or one whose parts contradict each other.
    """
    return owned(tensor_view(data, beside))


def owned(array: Array) -> Array:
    """An array of its own memory, where it is a view of bytes that are not to be changed."""
    return array if array.flags.writeable else array.copy()


def tensor_view(data: memoryview, beside: memoryview | None = None) -> Array:
    """The same as `decode_tensor`, but a read-only view of the message where that will do.

    An array that can be written to is of memory that nobody else has.
    """
    data = data.toreadonly()
    number = 0
    shape: tuple[int, ...] = ()
    content = memoryview(b"")
    packed: dict[int, list[tuple[int, int | memoryview]]] = {}
    for field, kind, value in _wire.fields(data):
        if field == _FIELDS["dtype"] and kind == _wire.VARINT:
            number = value
        elif field == _FIELDS["tensor_shape"] and kind == _wire.LENGTH:
            shape = _shape_of(value)
        elif field == _FIELDS["tensor_content"] and kind == _wire.LENGTH:
            content = value
        else:
            packed.setdefault(field, []).append((kind, value))
    wire_type = by_number(number)
    if beside is not None and wire_type is not STRING:
        return np.require(_from_content(beside, wire_type, shape), requirements=("A", "W"))
    if len(content):
        if wire_type is STRING:
            return _strings_from_content(content, shape)
        return _from_content(content, wire_type, shape)
    return _filled(_values(packed.get(wire_type.field, []), wire_type), wire_type, shape)


def _shape_of(data: memoryview) -> tuple[int, ...]:
    """The shape that a TensorShapeProto says; those of models are few, and come again and again."""
    return _remembered_shape(bytes(data)) if len(data) <= _SHAPE_BYTES_MAX else _decode_shape(data)


@lru_cache(maxsize=_REMEMBERED)
def _remembered_shape(data: bytes) -> tuple[int, ...]:
    return _decode_shape(memoryview(data))


def _decode_shape(data: memoryview) -> tuple[int, ...]:
    sizes = []
    for field, kind, value in _wire.fields(data):
        if field == _UNKNOWN_RANK and value:
            raise AnswerError("the answer holds a tensor of unknown rank")
        if field == _DIM and kind == _wire.LENGTH:
            sizes.append(next((size for f, _, size in _wire.fields(value) if f == _DIM_SIZE), 0))
    if any(not isinstance(size, int) or size >= 1 << 63 for size in sizes):
        raise AnswerError("the answer holds a tensor of negative size")
    if len(sizes) > _RANK_MAX:
        raise AnswerError(f"the answer holds a tensor of {len(sizes)} dimensions")
    return tuple(sizes)


def _shaped(array: Array, shape: tuple[int, ...]) -> Array:
    try:
        return array.reshape(shape)
    except ValueError as error:  # an empty tensor whose other sizes overflow
        raise AnswerError(f"no tensor has the shape {list(shape)}") from error


def _from_content(content: memoryview, wire_type: WireType, shape: tuple[int, ...]) -> Array:
    expected = math.prod(shape) * wire_type.dtype.itemsize
    if len(content) != expected:
        raise AnswerError(
            f"a {wire_type.name} tensor of shape {list(shape)} takes {expected} bytes, "
            f"the answer holds {len(content)}"
        )
    return _shaped(np.frombuffer(content, wire_type.dtype), shape)


def _strings_from_content(content: memoryview, shape: tuple[int, ...]) -> Array:
    """Strings in `tensor_content`: all their lengths as varints, then all their bytes."""
    count = math.prod(shape)
    ends = np.flatnonzero(np.frombuffer(content, np.uint8) < 0x80)  # noqa: PLR2004  last bytes
    if count > ends.size:
        raise AnswerError(f"the answer holds fewer than {count} strings")
    start = int(ends[count - 1]) + 1 if count else 0
    lengths = _wire.varints(content[:start])
    if (lengths > len(content)).any():
        raise AnswerError("the answer holds a string that is longer than the answer")
    stops = start + np.cumsum(lengths.astype(np.int64))
    if stops.size != count or (stops[-1] if count else start) != len(content):
        raise AnswerError(f"the answer holds a broken list of {count} strings")
    bounds = [start, *stops.tolist()]
    pieces = [bytes(content[i:j]) for i, j in pairwise(bounds)]
    return _shaped(_objects(pieces), shape)


def _objects(elements: list[bytes]) -> Array:
    """An object array; numpy would make fixed-width text of a plain list of bytes."""
    array = np.empty(len(elements), STRING.dtype)
    array[:] = elements
    return array


def _values(parts: list[tuple[int, int | memoryview]], wire_type: WireType) -> Array:
    """The elements of a `*_val` field: packed runs, or one by one, as protobuf allows both."""
    views = [value for _, value in parts if isinstance(value, memoryview)]
    if wire_type.coding is Coding.BYTES:
        return _objects([bytes(view) for view in views])
    if wire_type.coding is Coding.FIXED:
        data = views[0] if len(views) == 1 else b"".join(views)
        if len(data) % wire_type.dtype.itemsize:
            raise AnswerError(f"the answer holds a broken list of {wire_type.name}")
        return np.frombuffer(data, wire_type.dtype)
    runs = [
        _wire.varints(value) if isinstance(value, memoryview) else np.array([value], np.uint64)
        for _, value in parts
    ]
    numbers = np.concatenate(runs) if runs else np.empty(0, np.uint64)
    if wire_type.coding is Coding.BITS:
        return numbers.astype(np.uint16).view(wire_type.dtype)
    return numbers.astype(wire_type.dtype)


def _filled(values: Array, wire_type: WireType, shape: tuple[int, ...]) -> Array:
    """The values in their shape; the last one stands for all that are left out."""
    size = math.prod(shape)
    if values.size > size:
        raise AnswerError(f"a tensor of shape {list(shape)} cannot hold {values.size} elements")
    if values.size == size:
        return _shaped(values, shape)
    if size * wire_type.dtype.itemsize > _FILLED_BYTES_MAX:
        raise AnswerError(
            f"the answer promises a tensor of shape {list(shape)} and does not send it"
        )
    blank = b"" if wire_type is STRING else 0
    filled = np.full(size, values[-1] if values.size else blank, wire_type.dtype)
    filled[: values.size] = values
    return _shaped(filled, shape)
