"""Tensors as JSON text: their elements, and the lists around them."""

import base64
import json
import math
from collections.abc import Sequence

import numpy as np

from model_server.rest.errors import invalid
from model_server.rest.json_tensor import DT_STRING, TYPE_NAMES, is_json_type
from model_server.runtimes import Tensor
from model_server.tensors import data_type

_INDENT = "    "

# Every float32 is told from all others by nine digits, and most by fewer. Within these bounds a
# power of ten that moves the digits is a double without error.
_FLOAT32_DIGITS = (6, 7, 8, 9)
_SMALLEST, _LARGEST = 1e-12, 1e14
_POWERS_OF_TEN = np.array([float(f"1e{exponent}") for exponent in range(23)])


def element_texts(tensor: Tensor, *, as_base64: bool = False, depth: int = 0) -> list[str]:
    """Write each element of a tensor.

    Args:
        tensor: Numbers, truth values, or strings as objects of type bytes.
        as_base64: Write strings as objects with the key `b64` instead of as text.
        depth: How many lists and objects are around an element, for the indentation of such
            objects.

    Raises:
        ServingError: The original has no JSON for such elements.

    Example:
        >>> element_texts(np.float32([1, 0.1, np.nan, -np.inf]))
        ['1.0', '0.1', 'NaN', '-Infinity']
        >>> element_texts(np.array([True])), element_texts(np.array([b"a"], object))
        (['true'], ['"a"'])
    """
    type_ = data_type(tensor)
    if not is_json_type(type_):
        name = TYPE_NAMES.get(type_, "invalid")
        raise invalid("Failed to write JSON value for tensor type: ", name)
    if not tensor.size:
        return []
    elements = tensor.ravel()
    if type_ == DT_STRING:
        return [_base64(each, depth) if as_base64 else _text(each) for each in elements]
    if elements.dtype == np.float32:
        elements = _shortest(elements)
    return json.dumps(elements.tolist())[1:-1].split(", ")


def text_of(string: str) -> str:
    """Write a string.

    Example:
        >>> print(text_of("Bär"))
        "Bär"
    """
    return json.dumps(string, ensure_ascii=False)


def lists_of(texts: Sequence[str], sizes: Sequence[int], count: int = 1) -> list[str]:
    """Write lists of lists, each on one line.

    Args:
        texts: The elements.
        sizes: The length of the lists, the outermost first.
        count: How many outermost lists there are.

    Example:
        >>> lists_of(["1", "2", "3", "4"], [2], 2)
        ['[1, 2]', '[3, 4]']
    """
    return _grouped(texts, sizes, count, ["[", ", ", "]"] * len(sizes))


def block_of(texts: Sequence[str], sizes: Sequence[int], depth: int) -> str:
    """Write a list of lists, each element on a line of its own.

    Args:
        texts: The elements.
        sizes: The length of the lists, the outermost first.
        depth: How many lists and objects are around the outermost one.

    Example:
        >>> print(block_of(["1", "2"], [2], 0))
        [
            1,
            2
        ]
    """
    marks = []
    for level in range(depth, depth + len(sizes)):
        inside = "\n" + _INDENT * (level + 1)
        marks += ["[" + inside, "," + inside, "\n" + _INDENT * level + "]"]
    (block,) = _grouped(texts, sizes, 1, marks)
    return block


def object_of(members: Sequence[tuple[str, str]], depth: int) -> str:
    """Write an object, each member on a line of its own.

    Args:
        members: Keys, and values as text.
        depth: How many lists and objects are around it.

    Example:
        >>> print(object_of([("a", "1")], 0))
        {
            "a": 1
        }
    """
    inside = "\n" + _INDENT * (depth + 1)
    lines = ",".join(f"{inside}{text_of(key)}: {value}" for key, value in members)
    return f"{{{lines}\n{_INDENT * depth}}}"


def _grouped(
    texts: Sequence[str], sizes: Sequence[int], count: int, marks: Sequence[str]
) -> list[str]:
    """Join texts to lists, the innermost ones first; three marks for each level."""
    for level in reversed(range(len(sizes))):
        size, lists = sizes[level], count * math.prod(sizes[:level])
        before, between, after = marks[3 * level : 3 * level + 3]
        texts = [
            f"{before}{between.join(texts[start : start + size])}{after}"
            for start in range(0, lists * size, size or 1)
        ] or ["[]"] * lists
    return list(texts)


def _text(string: bytes) -> str:
    return text_of(string.decode("utf-8", "surrogateescape"))


def _base64(string: bytes, depth: int) -> str:
    return object_of([("b64", f'"{base64.b64encode(string).decode()}"')], depth)


def _shortest(values: Tensor) -> Tensor:
    """Return doubles whose shortest texts are the shortest texts of float32 values.

    Python writes doubles as briefly as it can, but 0.1 as a float32 is the double
    0.10000000149011612. It is told from other float32 values by one digit, so it becomes 0.1.
    """
    exact = values.astype(np.float64)
    magnitude = np.abs(exact)
    is_usual = (magnitude >= _SMALLEST) & (magnitude < _LARGEST)
    shortest = exact.copy()
    shortest[is_usual] = _shortest_usual(exact[is_usual], values[is_usual])
    for index in np.flatnonzero(~is_usual & np.isfinite(exact) & (exact != 0)):
        shortest[index] = float(str(values[index]))
    return shortest


def _shortest_usual(exact: Tensor, values: Tensor) -> Tensor:
    exponents = np.floor(np.log10(np.abs(exact))).astype(np.int64)
    shortest = exact.copy()
    is_open = np.ones(len(exact), bool)
    for digits in _FLOAT32_DIGITS:
        rounded = _rounded(exact, digits - 1 - exponents)
        fits = is_open & (rounded.astype(np.float32) == values)
        shortest[fits] = rounded[fits]
        is_open &= ~fits
    return shortest


def _rounded(exact: Tensor, decimals: Tensor) -> Tensor:
    """Round to so many decimals, or tens if negative, as exactly as doubles allow."""
    powers = _POWERS_OF_TEN[np.abs(decimals)]
    decimal = np.rint(exact * powers) / powers
    return np.asarray(np.where(decimals >= 0, decimal, np.rint(exact / powers) * powers))
