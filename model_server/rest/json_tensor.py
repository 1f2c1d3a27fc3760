"""One JSON value to one tensor: nested lists to an array, in a few steps for all elements."""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from model_server.rest.errors import invalid
from model_server.rest.json_document import echo, type_name, utf8
from model_server.runtimes import Tensor
from model_server.status import Code, ServingError

DT_STRING = 7
_BASE64_KEY = "b64"
_BLANKS = re.compile(r"\s+")

# The names TensorFlow's messages have for the types, by `DataType`.
TYPE_NAMES = {
    1: "float", 2: "double", 3: "int32", 4: "uint8", 5: "int16", 6: "int8", 7: "string",
    8: "complex64", 9: "int64", 10: "bool", 11: "qint8", 12: "quint8", 13: "qint32",
    14: "bfloat16", 15: "qint16", 16: "quint16", 17: "uint16", 18: "complex128", 19: "half",
    20: "resource", 21: "variant", 22: "uint32", 23: "uint64",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Kind:
    """What JSON may stand for the elements of one `DataType`.

    `json_types` are the Python types of the JSON values; integers must be in the range of
    `wire`, and are then cast to `dtype` as in C.
    """

    json_types: frozenset[type]
    dtype: Any
    wire: Any


def _kind(json_types: set[type], dtype: Any, wire: Any = None) -> _Kind:
    return _Kind(frozenset(json_types), np.dtype(dtype), np.dtype(wire or dtype))


_KINDS = {
    1: _kind({int, float}, np.float32, np.float64),
    2: _kind({int, float}, np.float64),
    3: _kind({int}, np.int32),
    4: _kind({int}, np.uint8, np.int32),
    5: _kind({int}, np.int16, np.int32),
    6: _kind({int}, np.int8, np.int32),
    DT_STRING: _kind({str, dict}, object),
    9: _kind({int}, np.int64),
    10: _kind({bool}, np.bool_),
    22: _kind({int}, np.uint32),
    23: _kind({int}, np.uint64),
}


def to_tensor(value: Any, data_type: int) -> Tensor:
    """Convert a JSON value, a list of them, a list of lists of them ...

    Args:
        value: The parsed JSON.
        data_type: Number of the `DataType` that the model wants. Numbers too large for a float
            become infinite; integers must be written as integers.

    Returns:
        An array of the type; its shape is that of the lists. Strings are objects of type bytes.

    Raises:
        ServingError: The lists have no shape, or an element is not of the type. The message is
            about the first element that is wrong.
    """
    shape = shape_of(value)
    leaves = _leaves(value, shape)
    elements = None if leaves is None else _elements(leaves, data_type)
    if elements is None:
        _explain(value, 0, shape, data_type)
        raise invalid("JSON Value: ", echo(value), " is no tensor")  # empty, of an unknown type
    try:
        return elements.reshape(shape)
    except ValueError as error:  # more dimensions than arrays have
        raise invalid("Unsupported number of dimensions: ", len(shape)) from error


def is_json_type(data_type: int) -> bool:
    """Say whether the original has JSON for the elements of a `DataType`."""
    return data_type in _KINDS


def shape_of(value: Any) -> tuple[int, ...]:
    """Return the shape that the first elements of lists of lists promise.

    Example:
        >>> shape_of([[1, 2, 3], [4, 5, 6]]), shape_of(1), shape_of([])
        ((2, 3), (), (0,))
    """
    shape = []
    while type(value) is list:
        shape.append(len(value))
        if not value:
            break
        value = value[0]
    return tuple(shape)


def size_of(value: Any) -> int:
    """Count the elements of lists of lists."""
    return sum(map(size_of, value)) if type(value) is list else 1


def is_base64(value: Any) -> bool:
    """Say whether a JSON value stands for bytes: `{"b64": "..."}` and no other key."""
    return type(value) is dict and len(value) == 1 and type(value.get(_BASE64_KEY)) is str


def decode_base64(value: Any) -> bytes:
    """Return the bytes that an object stands for.

    Raises:
        ServingError: It is no such object, or not base64.

    Example:
        >>> decode_base64({"b64": "aGVsbG8="})
        b'hello'
    """
    if not is_base64(value):
        raise invalid("JSON Value: ", echo(value), " not formatted correctly for base64 data")
    text = value[_BASE64_KEY]
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        return _decode_loose_base64(text)


def _decode_loose_base64(text: str) -> bytes:
    """Decode base64 with blanks in it, or without its padding."""
    text = _BLANKS.sub("", text)
    if not text.endswith("="):
        text += "=" * (-len(text) % 4)
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise invalid("Unable to base64 decode") from error


def _leaves(value: Any, shape: Sequence[int]) -> list[Any] | None:
    """Flatten lists of lists level by level; `None` if they do not have the shape."""
    items = [value]
    for size in shape:
        if set(map(type, items)) != {list} or set(map(len, items)) != {size}:
            return None
        items = list(chain.from_iterable(items))
        if not items:
            return items
    return items


def _elements(leaves: list[Any], data_type: int) -> Tensor | None:
    """Convert values that are not lists; `None` if one of them is not of the type."""
    kind = _KINDS.get(data_type)
    if kind is None or not kind.json_types.issuperset(map(type, leaves)):
        return None
    if data_type == DT_STRING:
        return _strings(leaves)
    try:
        values = np.fromiter(leaves, kind.wire, len(leaves))
    except OverflowError:
        return _huge(leaves, kind) if kind.wire.kind == "f" else None
    with np.errstate(over="ignore"):  # too large a number is infinite
        return values.astype(kind.dtype, copy=False)


def _huge(leaves: list[Any], kind: _Kind) -> Tensor:
    """Convert numbers among which are integers beyond the range of all floats."""
    return np.fromiter(map(_float, leaves), np.float64, len(leaves)).astype(kind.dtype)


def _float(number: float) -> float:
    try:
        return float(number)
    except OverflowError:
        return float("inf") if number > 0 else float("-inf")


def _strings(leaves: list[Any]) -> Tensor:
    strings = np.empty(len(leaves), object)
    strings[:] = [utf8(leaf) if type(leaf) is str else decode_base64(leaf) for leaf in leaves]
    return strings


def _explain(value: Any, level: int, shape: Sequence[int], data_type: int) -> None:
    """Raise the error of the first element that keeps a value from being a tensor."""
    if type(value) is not list:
        _explain_leaf(value, level, len(shape), data_type)
        return
    if level >= len(shape):
        raise invalid("Encountered list at unexpected level: ", level, " expected < ", len(shape))
    if len(value) != shape[level]:
        raise invalid(
            f"Encountered list at unexpected size: {len(value)} at level: {level} "
            f"expected size: {shape[level]}"
        )
    for each in value:
        _explain(each, level + 1, shape, data_type)


def _explain_leaf(value: Any, level: int, rank: int, data_type: int) -> None:
    if level != rank:
        raise invalid(
            f"JSON Value: {echo(value)} found at incorrect level: {level + 1} in the JSON DOM. "
            f"Expected at level: {rank}"
        )
    name = TYPE_NAMES.get(data_type, "invalid")
    if data_type not in _KINDS and type(value) is not dict:
        raise ServingError(
            Code.UNIMPLEMENTED, f"Conversion of JSON Value: {echo(value)} to type: {name}"
        )
    if _elements([value], data_type) is None:
        raise invalid(
            f"JSON Value: {echo(value)} Type: {type_name(value)} is not of expected type: {name}"
        )
