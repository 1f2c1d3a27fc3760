"""Blocks of headers to bytes, and back: HPACK (RFC 7541).

HPACK lets a header stand for one that was sent before. What we send is never to be remembered. A
client of ours tells its server that it remembers nothing either (HEADER_TABLE_SIZE is 0). So it can
read each block by itself, and equal blocks, which most are, mean the same: they are read once. A
server takes blocks as clients make them, with a memory (`HeaderReader`).
"""

from collections import deque
from functools import lru_cache
from typing import TypeAlias

from http2.frames import ErrorCode, H2Error
from http2.huffman import huffman_decoded

__all__ = [
    "BLOCK_BYTES_MAX",
    "TABLE_BYTES_DEFAULT",
    "HeaderList",
    "HeaderReader",
    "decode_headers",
    "indexed",
    "list_size",
    "literal",
]

HeaderList: TypeAlias = tuple[tuple[bytes, bytes], ...]
"""Names, in lower case, and values, in their order."""

BLOCK_BYTES_MAX = 65_536
"""How long a block of headers may be, before and after it is decoded."""

TABLE_BYTES_DEFAULT = 4096
"""How much is remembered of headers unless something else was agreed on."""

_FIELD_BYTES = 32  # what each field counts beside its name and value (RFC 9113, 6.5.2)
_REMEMBERED = 128
_REMEMBERED_BYTES_MAX = 2048
_NUMBER_BYTES_MAX = 5
_TEXT_BYTES_REMEMBERED = 128
_INDEXED, _LITERAL_INDEXED, _TABLE_SIZE, _NEVER_INDEXED = 0x80, 0x40, 0x20, 0x10
_HUFFMAN = 0x80

# https://www.rfc-editor.org/rfc/rfc7541#appendix-A
_STATIC: HeaderList = (
    (b":authority", b""), (b":method", b"GET"), (b":method", b"POST"), (b":path", b"/"),
    (b":path", b"/index.html"), (b":scheme", b"http"), (b":scheme", b"https"),
    (b":status", b"200"), (b":status", b"204"), (b":status", b"206"), (b":status", b"304"),
    (b":status", b"400"), (b":status", b"404"), (b":status", b"500"), (b"accept-charset", b""),
    (b"accept-encoding", b"gzip, deflate"),
    *((name, b"") for name in (
        b"accept-language", b"accept-ranges", b"accept", b"access-control-allow-origin", b"age",
        b"allow", b"authorization", b"cache-control", b"content-disposition", b"content-encoding",
        b"content-language", b"content-length", b"content-location", b"content-range",
        b"content-type", b"cookie", b"date", b"etag", b"expect", b"expires", b"from", b"host",
        b"if-match", b"if-modified-since", b"if-none-match", b"if-range", b"if-unmodified-since",
        b"last-modified", b"link", b"location", b"max-forwards", b"proxy-authenticate",
        b"proxy-authorization", b"range", b"referer", b"refresh", b"retry-after", b"server",
        b"set-cookie", b"strict-transport-security", b"transfer-encoding", b"user-agent", b"vary",
        b"via", b"www-authenticate",
    )),
)  # fmt: skip


def literal(name: bytes, value: bytes) -> bytes:
    r"""A header that nobody shall remember.

    >>> literal(b"te", b"trailers")
    b'\x10\x02te\x08trailers'
    """
    return bytes([_NEVER_INDEXED]) + _string(name) + _string(value)


def indexed(name: bytes, value: bytes) -> bytes:
    r"""A header that stands in the static table, as a byte.

    Raises:
        ValueError: it does not.

    >>> indexed(b":status", b"200")
    b'\x88'
    """
    return bytes([_INDEXED | _STATIC.index((name, value)) + 1])


def list_size(fields: HeaderList) -> int:
    """How much headers count (RFC 9113, 6.5.2).

    >>> list_size(((b"te", b"trailers"),))
    42
    """
    return sum(map(_size, fields))


def _size(field: tuple[bytes, bytes]) -> int:
    return len(field[0]) + len(field[1]) + _FIELD_BYTES


def _string(text: bytes) -> bytes:
    if len(text) < 0x7F:  # noqa: PLR2004  seven bits hold it
        return bytes([len(text)]) + text
    octets = bytearray([0x7F])
    rest = len(text) - 0x7F
    while rest > 0x7F:  # noqa: PLR2004  seven bits a byte
        octets.append(rest & 0x7F | 0x80)
        rest >>= 7
    octets.append(rest)
    return bytes(octets) + text


def decode_headers(block: bytes) -> HeaderList:
    r"""The headers in a block of somebody who was told that nothing is remembered.

    Raises:
        H2Error: it is no block, refers to headers sent before, or stands for too many.

    >>> decode_headers(b"\x88\x10\x02te\x08trailers")
    ((b':status', b'200'), (b'te', b'trailers'))
    """
    return _remembered(block) if len(block) <= _REMEMBERED_BYTES_MAX else _decode(block)


def _decode(block: bytes) -> HeaderList:
    return HeaderReader(0).read(block)


_remembered = lru_cache(maxsize=_REMEMBERED)(_decode)
_short_text = lru_cache(maxsize=_REMEMBERED)(huffman_decoded)


class _Table:
    """The headers that were sent before, the newest first, as far as there is room for them.

    Args:
        bytes_max: the most that they may count.
    """

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = self._room = bytes_max
        self._fields: deque[tuple[bytes, bytes]] = deque()
        self._bytes = 0

    def __getitem__(self, index: int) -> tuple[bytes, bytes]:
        if 0 < index <= len(_STATIC):
            return _STATIC[index - 1]
        if len(_STATIC) < index <= len(_STATIC) + len(self._fields):
            return self._fields[index - len(_STATIC) - 1]
        raise _broken(f"refers to header {index}, which was never sent")

    def add(self, field: tuple[bytes, bytes]) -> None:
        """Remembers a header; one that is larger than the table empties it."""
        self._bytes += _size(field)
        self._fields.appendleft(field)
        self._forget()

    def resize(self, room: int) -> None:
        """Makes room for so much, or less."""
        if room > self._bytes_max:
            raise _broken(f"changes the size of the table to {room}, of {self._bytes_max} at most")
        self._room = room
        self._forget()

    def _forget(self) -> None:
        while self._bytes > self._room:
            self._bytes -= _size(self._fields.pop())


class HeaderReader:
    """Reads the blocks of headers of one connection, in their order.

    Args:
        table_bytes_max: how much of them is remembered, as the other side was told.
    """

    def __init__(self, table_bytes_max: int = TABLE_BYTES_DEFAULT) -> None:
        self._table = _Table(table_bytes_max)
        self._block = b""
        self._position = 0

    def read(self, block: bytes) -> HeaderList:
        """The headers in a block.

        Raises:
            H2Error: it is no block, refers to headers that were never sent, or stands for too many.
                No other block can be understood after it.
        """
        self._block, self._position = block, 0
        try:
            return tuple(self._read())
        except IndexError as error:
            raise _broken("is cut off") from error

    def _read(self) -> list[tuple[bytes, bytes]]:
        """The headers; IndexError if the block is cut off."""
        fields: list[tuple[bytes, bytes]] = []
        size = 0
        while self._position < len(self._block):
            field = self._field(is_first=not fields)
            if field is None:
                continue
            size += _size(field)
            if size > BLOCK_BYTES_MAX:
                raise H2Error(
                    ErrorCode.ENHANCE_YOUR_CALM, f"headers of more than {BLOCK_BYTES_MAX} bytes"
                )
            fields.append(field)
        return fields

    def _field(self, *, is_first: bool) -> tuple[bytes, bytes] | None:
        """The next header; None for what is none."""
        kind = self._block[self._position]
        if kind & _INDEXED:
            return self._table[self._number(7)]
        if kind & _LITERAL_INDEXED:
            field = self._literal(6)
            self._table.add(field)
            return field
        if kind & _TABLE_SIZE:
            if not is_first:
                raise _broken("changes the size of the table in its middle")
            self._table.resize(self._number(5))
            return None
        return self._literal(4)

    def _literal(self, bits: int) -> tuple[bytes, bytes]:
        index = self._number(bits)
        name = self._table[index][0] if index else self._text()
        return name, self._text()

    def _number(self, bits: int) -> int:
        largest = (1 << bits) - 1
        number = self._octet() & largest
        if number < largest:
            return number
        for place in range(_NUMBER_BYTES_MAX):
            octet = self._octet()
            number += (octet & 0x7F) << 7 * place
            if octet < 0x80:  # noqa: PLR2004  the top bit says that more follows
                return number
        raise _broken("holds a number that does not end")

    def _text(self) -> bytes:
        is_huffman = self._block[self._position] & _HUFFMAN
        length = self._number(7)
        start, end = self._position, self._position + length
        if end > len(self._block):
            raise _broken("is cut off")
        self._position = end
        text = self._block[start:end]
        if not is_huffman:
            return text
        return _short_text(text) if length <= _TEXT_BYTES_REMEMBERED else huffman_decoded(text)

    def _octet(self) -> int:
        octet = self._block[self._position]
        self._position += 1
        return octet


def _broken(what: str) -> H2Error:
    return H2Error(ErrorCode.COMPRESSION_ERROR, f"a block of headers {what}")
