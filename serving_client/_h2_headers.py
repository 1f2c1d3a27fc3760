"""Blocks of headers to bytes, and back: HPACK (RFC 7541) without its memory.

HPACK lets a header stand for one that was sent before. We tell the server that we remember nothing
(HEADER_TABLE_SIZE is 0) and send nothing that it would have to remember. So each block can be read
by itself, and equal blocks, which most are, mean the same: they are read once.
"""

from functools import lru_cache
from typing import TypeAlias

from serving_client._h2_frames import ErrorCode, H2Error
from serving_client._h2_huffman import huffman_decoded

__all__ = ["BLOCK_BYTES_MAX", "HeaderList", "decode_headers", "literal"]

HeaderList: TypeAlias = tuple[tuple[bytes, bytes], ...]
"""Names, in lower case, and values, in their order."""

BLOCK_BYTES_MAX = 65_536
"""How long the headers of an answer may be, before and after they are decoded."""

_FIELD_BYTES = 32  # what each field counts beside its name and value (RFC 9113, 6.5.2)
_REMEMBERED = 128
_REMEMBERED_BYTES_MAX = 2048
_NUMBER_BYTES_MAX = 5
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
    r"""The headers in a block.

    Raises:
        H2Error: it is no block, refers to headers sent before, or stands for too many.

    >>> decode_headers(b"\x88\x10\x02te\x08trailers")
    ((b':status', b'200'), (b'te', b'trailers'))
    """
    return _remembered(block) if len(block) <= _REMEMBERED_BYTES_MAX else _decode(block)


def _decode(block: bytes) -> HeaderList:
    try:
        return tuple(_Reader(block).read())
    except IndexError as error:
        raise _broken("is cut off") from error


_remembered = lru_cache(maxsize=_REMEMBERED)(_decode)


class _Reader:
    """Reads one block."""

    def __init__(self, block: bytes) -> None:
        self._block = block
        self._position = 0

    def read(self) -> list[tuple[bytes, bytes]]:
        """The headers; IndexError if the block is cut off."""
        fields: list[tuple[bytes, bytes]] = []
        size = 0
        while self._position < len(self._block):
            field = self._field(is_first=not fields)
            if field is None:
                continue
            size += len(field[0]) + len(field[1]) + _FIELD_BYTES
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
            return self._static(self._number(7))
        if not kind & _LITERAL_INDEXED and kind & _TABLE_SIZE:
            if not is_first or self._number(5):
                raise _broken("changes the size of a table that has none")
            return None
        index = self._number(6 if kind & _LITERAL_INDEXED else 4)
        name = self._static(index)[0] if index else self._text()
        return name, self._text()

    @staticmethod
    def _static(index: int) -> tuple[bytes, bytes]:
        if not 0 < index <= len(_STATIC):
            raise _broken(f"refers to header {index}, which was never sent")
        return _STATIC[index - 1]

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
        return huffman_decoded(text) if is_huffman else text

    def _octet(self) -> int:
        octet = self._block[self._position]
        self._position += 1
        return octet


def _broken(what: str) -> H2Error:
    return H2Error(ErrorCode.COMPRESSION_ERROR, f"a block of headers {what}")
