"""JPEG and PNG as containers: what the pixels need, and what the rest of the file says.

The decoder is handed a file without its metadata. Comments, colour profiles, thumbnails, second
pictures and animation frames then cost it no time and cannot make it stumble, however large or
damaged they are.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from vision.exceptions import CorruptPictureError, EmptyPictureError, UnsupportedFormatError
from vision.exif import UPRIGHT, exif_orientation

PictureFormat = Literal["JPEG", "PNG"]

_EXIF_PREFIX = b"Exif\0\0"

_JPEG_START = b"\xff\xd8\xff"
_JPEG_END = b"\xff\xd9"
# A marker that begins a segment: no stuffed zero, no fill byte, no restart, no second start.
_SEGMENT_MARKER = re.compile(rb"\xff[\x02-\xcf\xd9-\xfe]")
_SCAN, _EXIF = 0xDA, 0xE1
_JPEG_SCAN = b"\xff\xda"
_PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
# Progressive pictures have about ten scans. A few bytes make one, each is a pass over all pixels,
# and so a small file can ask for an hour. Bytes behind the picture may look like a scan by chance.
_SCANS_MAX = 200
# Application segments and comments, but JFIF's (E0) and Adobe's (EE): these say what colours mean.
_UNNEEDED_SEGMENTS = frozenset({*range(0xE1, 0xEE), 0xEF, 0xFE})

_PNG_START = b"\x89PNG\r\n\x1a\n"
_NEEDED_CHUNKS = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})
_CHUNK_FRAME_BYTES = 12  # length, kind and checksum
# Bit depth and colour type, as the header has them at a fixed place.
_PIXEL_KIND = slice(24, 26)
_RGB_OF_16_BITS = b"\x10\x02"
_SMALL_GREY_MAX = {b"\x02\x00": 3, b"\x04\x00": 15}


@dataclass(frozen=True, slots=True)
class Container:
    """A picture file, taken apart.

    Attributes:
        format: What it is by its first bytes.
        bare: The file without what its pixels do not need.
        orientation: EXIF orientation, 1 (upright as stored) to 8.
        is_whole: Whether the file has its end marker.
    """

    format: PictureFormat
    bare: bytes
    orientation: int
    is_whole: bool


def read_container(data: bytes) -> Container:
    """Take a JPEG or PNG file apart, without decoding it.

    Raises:
        EmptyPictureError: There are no bytes.
        UnsupportedFormatError: The first bytes are neither those of a JPEG nor of a PNG.
        CorruptPictureError: A JPEG is made to keep its decoder busy.
    """
    if not data:
        raise EmptyPictureError("The file is empty.")
    if data.startswith(_JPEG_START):
        return _read_jpeg(data)
    if data.startswith(_PNG_START):
        return _read_png(data)
    raise UnsupportedFormatError("The file is neither a JPEG nor a PNG picture.")


def _read_jpeg(data: bytes) -> Container:
    kept, orientation, is_progressive = [memoryview(data)[:2]], UPRIGHT, False
    scans_start = len(data)
    for marker, start, end in _jpeg_segments(data):
        if marker == _EXIF and data[start + 4 : start + 10] == _EXIF_PREFIX:
            orientation = exif_orientation(data[start + 10 : end])
        elif marker == _SCAN:
            scans_start = start
        is_progressive |= marker in _PROGRESSIVE
        if marker not in _UNNEEDED_SEGMENTS:
            kept.append(memoryview(data)[start:end])
    if is_progressive and data.count(_JPEG_SCAN, scans_start) > _SCANS_MAX:
        raise CorruptPictureError(f"The picture comes in more than {_SCANS_MAX} scans.")
    return Container("JPEG", b"".join(kept), orientation, data.rfind(_JPEG_END, scans_start) >= 0)


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield marker, start and end of each segment; the first scan reaches to the end of all."""
    end = 2
    while found := _SEGMENT_MARKER.search(data, end):
        marker = data[found.end() - 1]
        if marker == _SCAN:
            yield marker, found.start(), len(data)
            return
        end = found.end() + int.from_bytes(data[found.end() : found.end() + 2])
        yield marker, found.start(), end


def _read_png(data: bytes) -> Container:
    kept: list[memoryview | bytes] = [_PNG_START]
    orientation, is_whole = UPRIGHT, False
    for kind, chunk in _png_chunks(data):
        if kind == b"eXIf":
            orientation = exif_orientation(bytes(chunk[8:-4]).removeprefix(_EXIF_PREFIX))
        is_whole = kind == b"IEND"
        if kind == b"tRNS":
            kept.append(_decodable_transparency(chunk, data[_PIXEL_KIND]))
        elif kind in _NEEDED_CHUNKS:
            kept.append(chunk)
    return Container("PNG", b"".join(kept), orientation, is_whole)


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, memoryview]]:
    """Yield the kind and bytes of each chunk that is wholly there, up to the end marker."""
    view, position = memoryview(data), len(_PNG_START)
    while position + _CHUNK_FRAME_BYTES <= len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        start, position = position, position + _CHUNK_FRAME_BYTES + length
        if position > len(data):
            return
        yield kind, view[start:position]
        if kind == b"IEND":
            return


def _decodable_transparency(chunk: memoryview, pixel_kind: bytes) -> memoryview | bytes:
    """Return a chunk that says which colour is transparent in the form that Pillow decodes to.

    Pillow widens grey of 2 and 4 bits to 8 but compares it with the colour as it stands in the
    chunk, and RGB of 16 bits is no longer what the chunk means once it is narrowed to 8.
    """
    if pixel_kind == _RGB_OF_16_BITS:
        return b""
    if pixel_kind not in _SMALL_GREY_MAX:
        return chunk
    grey_max = _SMALL_GREY_MAX[pixel_kind]
    grey = int.from_bytes(chunk[8:10]) & grey_max
    body = struct.pack(">4sH", b"tRNS", grey * 255 // grey_max)
    return struct.pack(">I6sI", 2, body, zlib.crc32(body))
