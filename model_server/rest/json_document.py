"""JSON as clients send it: read as the original reads it, and echoed in its errors."""

import json
import re
from typing import Any

import numpy as np

from model_server.rest.errors import invalid

_BLANKS = re.compile(r"[ \t\n\r]*")
_STRINGS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?', re.DOTALL)
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_BLOCK = 1 << 16  # brackets that are counted in one step
_ALIKE = bytes.maketrans(b"{}", b"[]")
_ECHO_BYTES_MAX = 256

_DECODER = json.JSONDecoder()
_ECHO = json.JSONEncoder(indent=4, ensure_ascii=False)

# What the standard library says, and the words of the original for it.
_MESSAGES = (
    ("Expecting value", "Invalid value."),
    ("Expecting property name", "Missing a name for object member."),
    ("Expecting ':'", "Missing a colon after a name of object member."),
    ("Unterminated string", "Missing a closing quotation mark in string."),
    ("Invalid \\escape", "Invalid escape character in string."),
    ("Invalid \\u", "Incorrect hex digit after \\u escape in string."),
    ("Invalid control character", "Invalid encoding in string."),
    ("Illegal trailing comma before end of object", "Missing a name for object member."),
    ("Illegal trailing comma", "Invalid value."),
)
_TYPE_NAMES = {dict: "Object", list: "Array", str: "String", type(None): "Null"}


def parse_object(body: bytes, depth_max: int) -> dict[str, Any]:
    """Parse the JSON object at the start of a body; what follows it is ignored.

    As in the original, `NaN`, `Infinity` and `-Infinity` are numbers, and the bytes of a string
    need not be UTF-8: those that are not are kept as surrogates.

    Args:
        body: The bytes.
        depth_max: Refuse lists and objects that are nested deeper than this.

    Raises:
        ServingError: There is no object, or it is nested too deep.
    """
    if not body:
        raise invalid("JSON Parse error: The document is empty")
    if _is_deeper(body, depth_max):
        raise invalid(f"JSON Parse error: nested deeper than {depth_max} levels")
    document = _parsed(body.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape"))
    if type(document) is not dict:
        raise invalid("JSON Value: ", echo(document), " Is not object")
    return document


def _parsed(text: str) -> Any:
    start = _BLANKS.match(text).end()  # type: ignore[union-attr]  # it matches everywhere
    if start == len(text):
        raise _parse_error("The document is empty.", text, start)
    try:
        return _DECODER.raw_decode(text, start)[0]
    except json.JSONDecodeError as error:
        raise _parse_error(_message(error, text), text, error.pos) from error
    except ValueError as error:  # an integer with more digits than Python will read
        raise _parse_error("Number too big to be stored in double.", text, start) from error
    except RecursionError as error:  # a limit that is set higher than Python's own
        raise invalid("JSON Parse error: nested too deep") from error


def _message(error: json.JSONDecodeError, text: str) -> str:
    if error.msg.startswith("Expecting ','"):
        if _unclosed(_encoded(text[: error.pos]))[-1:] == b"{":
            return "Missing a comma or } after an object member."
        return "Missing a comma or ] after an array element."
    return next(ours for theirs, ours in _MESSAGES if error.msg.startswith(theirs))


def _parse_error(message: str, text: str, position: int) -> Exception:
    offset = len(_encoded(text[:position]))
    return invalid("JSON Parse error: ", message, " at offset: ", offset)


def _is_deeper(body: bytes, depth_max: int) -> bool:
    """Say whether JSON is nested deeper than allowed, without parsing it.

    Most requests have too few brackets for it. For the others it takes a tenth of the time that
    parsing takes.
    """
    if body.count(b"[") + body.count(b"{") <= depth_max:
        return False
    brackets = np.frombuffer(_brackets(body).translate(_ALIKE), np.uint8)
    depth = 0
    for start in range(0, len(brackets), _BLOCK):
        opens = brackets[start : start + _BLOCK] == ord("[")
        depths = depth + np.cumsum(np.where(opens, 1, -1))
        if depths.max() > depth_max:
            return True
        depth = depths[-1]
    return False


def _unclosed(body: bytes) -> bytes:
    """Return the brackets that are open at the end of JSON, the innermost one last."""
    brackets, before = _brackets(body), None
    while brackets != before:
        before, brackets = brackets, brackets.replace(b"[]", b"").replace(b"{}", b"")
    return brackets


def _brackets(body: bytes) -> bytes:
    if b'"' in body:
        body = _STRINGS.sub(b"", body)
    return body.translate(None, _NO_BRACKETS)


def echo(value: Any) -> str:
    """Write a JSON value as error messages show it: pretty, and cut at 256 bytes.

    Example:
        >>> print(echo({"x": [1.5]}))
        {
            "x": [
                1.5
            ]
        }
    """
    text, size = [], 0
    for part in _ECHO.iterencode(value):
        # A part can be a long string; the first bytes of it are enough.
        text.append(part[:_ECHO_BYTES_MAX])
        size += len(text[-1])
        if size >= _ECHO_BYTES_MAX:
            break
    return "".join(text).encode("utf-8", "replace")[:_ECHO_BYTES_MAX].decode("utf-8", "ignore")


def type_name(value: Any) -> str:
    """Return the name of a JSON value's type.

    Example:
        >>> type_name(1.5), type_name(True), type_name([]), type_name(None)
        ('Number', 'True', 'Array', 'Null')
    """
    if isinstance(value, bool):
        return str(value)
    return _TYPE_NAMES.get(type(value), "Number")


def utf8(text: str) -> bytes:
    """Return the bytes of a JSON string as they came.

    Raises:
        ServingError: The string holds half of a surrogate pair, which stands for no bytes.
    """
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise invalid("JSON Parse error: The surrogate pair in string is invalid.") from error


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
