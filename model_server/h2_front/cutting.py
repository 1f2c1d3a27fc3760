"""Large tensors, taken out of a PredictRequest before it is parsed.

To parse a message is to copy it, twice for the contents of a tensor. So contents are left where
they were received, and protobuf parses the rest: https://protobuf.dev/programming-guides/encoding/
"""

from collections.abc import Iterator

_CUT_BYTES_MIN = 16 << 10
_FIELDS_MAX = 1000  # more are no request of a few large tensors, and protobuf is faster at those
_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_WIDTHS = {_FIXED64: 8, _FIXED32: 4}
_INPUTS, _KEY, _VALUE, _CONTENT = 2, 1, 2, 4
_MORE = 0x80
_VARINT_BYTES_MAX = 10

Cut = tuple[bytes | memoryview, dict[str, memoryview]]
"""A message, and the contents of tensors that are not in it any more, by alias."""


class _OtherwiseError(Exception):
    """The message is broken, or unusual: let protobuf decide."""


def cut(message: memoryview) -> Cut:
    """Take the contents of large tensors out of a PredictRequest.

    A message that is broken, or of a form that no client writes, stays as it is.
    """
    if len(message) < _CUT_BYTES_MIN:
        return message, {}
    try:
        return _Cutter().cut(message)
    except (_OtherwiseError, UnicodeDecodeError):
        return message, {}


class _Cutter:
    """Cuts one message, of not too many fields."""

    def __init__(self) -> None:
        self._fields_left = _FIELDS_MAX

    def cut(self, message: memoryview) -> Cut:
        """Do it.

        Raises:
            _OtherwiseError: It cannot be done.
        """
        rest: list[bytes | memoryview] = []
        contents: dict[str, memoryview] = {}
        aliases: set[str] = set()
        for number, value, whole in self._fields(message):
            if number != _INPUTS or value is None:
                rest.append(whole)
                continue
            alias, entry, content = self._entry(value)
            if alias in aliases:  # the last of them would count
                raise _OtherwiseError
            aliases.add(alias)
            rest += (whole,) if content is None else (_length_header(_INPUTS, len(entry)), entry)
            if content is not None:
                contents[alias] = content
        return b"".join(rest), contents

    def _entry(self, entry: memoryview) -> tuple[str, bytes, memoryview | None]:
        """Return the alias of an input, the rest of the input, and the contents if they are large.

        Raises:
            _OtherwiseError: It is not one key and one value.
        """
        parts = list(self._fields(entry))
        if [number for number, _, _ in parts] != [_KEY, _VALUE]:
            raise _OtherwiseError
        (_, key, whole_key), (_, value, _) = parts
        if key is None or value is None:
            raise _OtherwiseError
        rest, content = self._tensor(value)
        alias = str(key, "utf-8")
        return alias, b"".join((whole_key, _length_header(_VALUE, len(rest)), rest)), content

    def _tensor(self, tensor: memoryview) -> tuple[bytes, memoryview | None]:
        if len(tensor) < _CUT_BYTES_MIN:
            return b"", None
        rest, content = [], None
        for number, value, whole in self._fields(tensor):
            if number != _CONTENT:
                rest.append(whole)
            elif content is not None or value is None:
                raise _OtherwiseError
            else:
                content = value
        return b"".join(rest), content if content and len(content) >= _CUT_BYTES_MIN else None

    def _fields(self, data: memoryview) -> Iterator[tuple[int, memoryview | None, memoryview]]:
        """Yield number, value if it has a length of its own, and all bytes of each field."""
        position = 0
        while position < len(data):
            self._fields_left -= 1
            if not self._fields_left:
                raise _OtherwiseError
            start = position
            tag, position = _read_varint(data, position)
            kind, value = tag & 7, None
            if kind == _LENGTH:
                length, position = _read_varint(data, position)
                value = data[position : position + length]
                position += length
            elif kind == _VARINT:
                _, position = _read_varint(data, position)
            elif kind in _WIDTHS:
                position += _WIDTHS[kind]
            else:
                raise _OtherwiseError
            if position > len(data) or tag < _FIRST_TAG:
                raise _OtherwiseError
            yield tag >> 3, value, data[start:position]


_FIRST_TAG = 1 << 3


def _read_varint(data: memoryview, position: int) -> tuple[int, int]:
    value = 0
    for shift in range(_VARINT_BYTES_MAX):
        if position >= len(data):
            raise _OtherwiseError
        octet = data[position]
        position += 1
        value |= (octet & ~_MORE) << (7 * shift)
        if octet < _MORE:
            return value, position
    raise _OtherwiseError


def _length_header(number: int, length: int) -> bytes:
    """Return what stands before the bytes of a field that has a length."""
    octets = bytearray([number << 3 | _LENGTH])
    while length >= _MORE:
        octets.append(length & ~_MORE & 0xFF | _MORE)
        length >>= 7
    octets.append(length)
    return bytes(octets)
