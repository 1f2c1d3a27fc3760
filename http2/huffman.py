"""The Huffman code of HPACK (RFC 7541, Appendix B).

It is canonical: in the order of the lengths of codes, and of the symbols that share a length, each
code is the number after the one before. So the lengths are all that has to be written down.
"""

from collections.abc import Iterator

from http2.frames import ErrorCode, H2Error

__all__ = ["huffman_decoded"]

_PADDING_BITS_MAX = 7
_END = 256

# The symbols of each length of code, as ranges: "0:2 5" are the symbols 0, 1, 2 and 5.
_SYMBOLS = {
    5: "48:50 97 99 101 105 111 115:116",
    6: "32 37 45:47 51:57 61 65 95 98 100 102:104 108:110 112 114 117",
    7: "58 66:87 89 106:107 113 118:122",
    8: "38 42 44 59 88 90",
    10: "33:34 40:41 63",
    11: "39 43 124",
    12: "35 62",
    13: "0 36 64 91 93 126",
    14: "94 125",
    15: "60 96 123",
    19: "92 195 208",
    20: "128 130:131 162 184 194 224 226",
    21: "153 161 167 172 176:177 179 209 216:217 227 229:230",
    22: "129 132:134 136 146 154 156 160 163:164 169:170 173 178 181 185:187 189:190 196 198 228 "
    "232:233",
    23: "1 135 137:141 143 147 149:152 155 157:158 165:166 168 174:175 180 182:183 188 191 197 "
    "231 239",
    24: "9 142 144:145 148 159 171 206 215 225 236:237",
    25: "199 207 234:235",
    26: "192:193 200:202 205 210 213 218:219 238 240 242:243 255",
    27: "203:204 211:212 214 221:223 241 244:248 250:254",
    28: "2:8 11:12 14:21 23:31 127 220 249",
    30: "10 13 22 256",
}


def _ranges(text: str) -> Iterator[int]:
    for part in text.split():
        first, _, last = part.partition(":")
        yield from range(int(first), int(last or first) + 1)


def _codes() -> dict[str, int]:
    """From codes, as zeros and ones, to symbols."""
    codes: dict[str, int] = {}
    code = length_before = 0
    for length, symbols in _SYMBOLS.items():
        code <<= length - length_before
        length_before = length
        for symbol in _ranges(symbols):
            codes[f"{code:0{length}b}"] = symbol
            code += 1
    return codes


_CODES = _codes()


def huffman_decoded(data: bytes) -> bytes:
    """The bytes that some codes stand for.

    Args:
        data: codes side by side, filled up to whole bytes with ones.

    Raises:
        H2Error: there is something else in it.

    >>> huffman_decoded(bytes.fromhex("f1e3c2e5f23a6ba0ab90f4ff"))
    b'www.example.com'
    """
    bits = "".join(map("{:08b}".format, data))
    octets = bytearray()
    position = 0
    while (found := _next(bits, position)) is not None:
        symbol, position = found
        if symbol == _END:
            raise _broken()
        octets.append(symbol)
    rest = bits[position:]
    if len(rest) > _PADDING_BITS_MAX or "0" in rest:
        raise _broken()
    return bytes(octets)


def _next(bits: str, position: int) -> tuple[int, int] | None:
    """The symbol at a position, and where the next one begins; None if there is none."""
    for length in _SYMBOLS:
        symbol = _CODES.get(bits[position : position + length])
        if symbol is not None:
            return symbol, position + length
    return None


def _broken() -> H2Error:
    return H2Error(ErrorCode.COMPRESSION_ERROR, "a header holds a broken Huffman code")
