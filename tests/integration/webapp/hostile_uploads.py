"""Uploads that nobody sends by mistake: bytes and names of many kinds."""

import struct
import zlib
from collections.abc import Iterator
from io import BytesIO

import numpy as np
from PIL import Image

from vision import encode_jpeg

_PNG = b"\x89PNG\r\n\x1a\n"
_SIDE = 64


def jpeg() -> bytes:
    """A good JPEG file, of noise, so that no part of it is easily left out."""
    noise = np.random.default_rng(1).integers(0, 255, (_SIDE, _SIDE, 3), dtype=np.uint8)
    return encode_jpeg(noise)


def png() -> bytes:
    """A good PNG file of noise."""
    noise = np.random.default_rng(2).integers(0, 255, (_SIDE, _SIDE, 3), dtype=np.uint8)
    out = BytesIO()
    Image.fromarray(noise).save(out, "PNG")
    return out.getvalue()


def chunk(kind: bytes, content: bytes) -> bytes:
    """A chunk of a PNG file."""
    return (
        struct.pack(">I", len(content)) + kind + content
        + struct.pack(">I", zlib.crc32(kind + content))
    )  # fmt: skip


def png_of(width: int, height: int, rows: bytes, *, extra: bytes = b"", depth: int = 8) -> bytes:
    """A PNG file whose header says that size, and whose rows are those."""
    header = struct.pack(">IIBBBBB", width, height, depth, 2, 0, 0, 0)
    return (
        _PNG + chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(rows, 9))
        + chunk(b"IEND", b"")
    )  # fmt: skip


def bad_pictures() -> Iterator[tuple[str, bytes]]:
    """Bytes that are no picture, by what is wrong with them."""
    yield from _truncated()
    yield from _wrong_types()
    yield from _bombs()
    yield from _damaged()
    yield from _wrong_metadata()


def _truncated() -> Iterator[tuple[str, bytes]]:
    for kind, data in (("jpeg", jpeg()), ("png", png())):
        # Close together where headers are, then across the picture; the last bytes say its end.
        cuts = [*range(1, 40, 2), *np.linspace(40, len(data) - 14, 24, dtype=int)]
        for cut in cuts:
            yield f"{kind} cut at {cut}", data[: int(cut)]


def _wrong_types() -> Iterator[tuple[str, bytes]]:
    picture = Image.new("RGB", (_SIDE, _SIDE))
    for name in ("GIF", "BMP", "TIFF", "WEBP", "PPM", "ICO", "TGA", "PCX", "PDF"):
        out = BytesIO()
        picture.save(out, name)
        yield f"a {name}", out.getvalue()
    yield "html", b"<!doctype html><script>alert(1)</script>"
    yield "svg", b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    yield "shell", b"#!/bin/sh\nrm -rf /\n"
    yield "elf", b"\x7fELF" + bytes(200)
    yield "zip", b"PK\x03\x04" + bytes(200)
    yield "gzip", b"\x1f\x8b\x08" + bytes(200)
    yield "php", b"<?php system($_GET['c']); ?>"
    yield "eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(x) run\n"
    yield "empty", b""
    yield "one byte", b"\xff"
    yield "zeros", bytes(5000)
    yield "text", b"a picture " * 100


def _bombs() -> Iterator[tuple[str, bytes]]:
    for width, height in (
        (30_000, 30_000), (65_535, 65_535), (100_000, 2_000), (2**31 - 1, 1), (1, 2**31 - 1),
        (2**31 - 1, 2**31 - 1), (0, 10), (10, 0), (2**32 - 1, 7),
    ):  # fmt: skip
        yield f"png of {width} x {height}", png_of(width, height, bytes(1000))
    for width, height in ((65_500, 65_500), (0, 64), (64, 0)):
        data = bytearray(jpeg())
        place = data.index(b"\xff\xc0")
        data[place + 5 : place + 9] = struct.pack(">HH", height, width)
        yield f"jpeg of {width} x {height}", bytes(data)


def metadata_bombs() -> Iterator[tuple[str, bytes]]:
    """Good pictures whose metadata would be 20 MB, if anybody inflated it."""
    bomb = zlib.compress(bytes(20_000_000), 9)
    for kind, head in ((b"zTXt", b"Comment\0\0"), (b"iCCP", b"p\0\0"), (b"iTXt", b"c\0\1\0\0\0")):
        yield kind.decode(), png_of(8, 8, bytes(8 * 25), extra=chunk(kind, head + bomb))


def _damaged() -> Iterator[tuple[str, bytes]]:
    good = png()
    for place in (8, 12, 16, 20, 24, 25, 26, 28, 29, 33, 37, 41, 60, 500, 5000):
        data = bytearray(good)
        data[place] ^= 0xFF
        yield f"png with a wrong byte at {place}", bytes(data)
    start = jpeg()
    yield "jpeg of two starts", start[:2] * 500
    yield (
        "jpeg without tables",
        start.replace(b"\xff\xdb", b"\xff\xec").replace(b"\xff\xc4", b"\xff\xec"),
    )
    yield "jpeg of twelve bits", _with_frame(start, 4, 12)
    yield "jpeg of nine components", _with_frame(start, 9, 9)
    yield "jpeg of no components", _with_frame(start, 9, 0)
    yield "jpeg of no scan", start[: start.index(b"\xff\xda")] + b"\xff\xd9"
    yield "jpeg with an endless segment", start[:2] + b"\xff\xe1\xff\xff" + bytes(100)
    yield "png of no data", _PNG + good[8:33] + chunk(b"IEND", b"")
    yield "png of no header", _PNG + good[33:]
    yield (
        "png of bad compression",
        _PNG + good[8:33] + chunk(b"IDAT", b"junk") + chunk(b"IEND", b""),
    )
    yield "png of too few rows", png_of(64, 64, bytes(100))
    yield "png of a wrong depth", png_of(8, 8, bytes(8 * 25), depth=3)
    yield "png with an endless chunk", _PNG + good[8:33] + b"\xff\xff\xff\xffIDAT" + bytes(100)
    yield "jpeg start and png", b"\xff\xd8\xff" + good
    yield "png start and jpeg", _PNG + start
    yield "gif start and jpeg", b"GIF89a" + start
    yield "bytes before a jpeg", b"\n" + start


def _with_frame(data: bytes, offset: int, value: int) -> bytes:
    """Change a byte of the header of a JPEG file's frame."""
    changed = bytearray(data)
    changed[data.index(b"\xff\xc0") + offset] = value
    return bytes(changed)


def _wrong_metadata() -> Iterator[tuple[str, bytes]]:
    """Metadata that lies, before a picture that is cut, so that none of them may pass."""
    cut = jpeg()[2:-400]
    for name, exif in {
        "no header": b"Exif\0\0",
        "endless directory": b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\x12\x01\x03\0" * 200,
        "directory of itself": b"Exif\0\0II*\0\x08\0\0\0\x01\0\x69\x87\x04\0\x01\0\0\0\x08\0\0\0",
        "far away": b"Exif\0\0MM\0*\xff\xff\xff\xff",
        "huge orientation": b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x04\0\x01\0\0\0" + b"\xff" * 4,
        "noise": b"Exif\0\0" + bytes(range(256)) * 4,
    }.items():
        segment = b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif
        yield f"exif of {name}", b"\xff\xd8" + segment + cut


BAD_NAMES = (
    "", "..jpg", ".", "..", "/", "a", "a.gif", "a.jpg.exe", "a.jpg\0.exe", "a.jpgx", "jpg", ".svg",
    "a.jpg/..", "..\\..\\a.php", "a.html", "\u202egpj.exe", "a.jpg ;.sh",
    "x" * 5000, "\u0000", "CON", "a.jpeg.svg", "a.jpg%00.php", "a\r\nX-Evil: 1.txt", "🦆",
)  # fmt: skip
ODD_NAMES = (
    "a.jpg/", "a.jp\u202eg",
    "../../../../etc/passwd.jpg", "..\\..\\windows\\system32.jpg", "/etc/cron.d/x.png", "-rf.jpg",
    "a b\tc.jpg", "<script>alert(1)</script>.jpg", '"; DROP TABLE result; --.jpg', "%2e%2e%2fx.jpg",
    "$(reboot).jpg", "`reboot`.png", "a.jpg.jpg", "A.JPG", "x" * 3000 + ".jpg", "\u202egnp.jpg",
    "name\0hidden.jpg", "CON.jpg", "{{7*7}}.jpg", "%s%n.jpg", "🦆.jpeg", "ﾃｽﾄ.png",
)  # fmt: skip
