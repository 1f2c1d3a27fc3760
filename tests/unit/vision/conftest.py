"""Picture files of every kind, built byte by byte where Pillow writes no such file."""

import struct
import zlib
from collections.abc import Callable, Sequence
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

PNG_START = b"\x89PNG\r\n\x1a\n"


def png_chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


@pytest.fixture(scope="session")
def make_png() -> Callable[..., bytes]:
    """A function that writes a PNG of any bit depth and colour type from its packed rows."""

    def make(
        size_wh: tuple[int, int],
        depth: int,
        colour: int,
        rows: list[bytes],
        chunks: Sequence[tuple[bytes, bytes]] = (),
        *,
        is_interlaced: bool = False,
    ) -> bytes:
        header = struct.pack(">IIBBBBB", *size_wh, depth, colour, 0, 0, is_interlaced)
        pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
        contents = [(b"IHDR", header), *chunks, (b"IDAT", pixels), (b"IEND", b"")]
        return PNG_START + b"".join(png_chunk(*content) for content in contents)

    return make


@pytest.fixture(scope="session")
def make_file() -> Callable[..., bytes]:
    """A function that has Pillow write an image, given as such or as an array, to bytes."""

    def make(image: Image.Image | NDArray[np.uint8], file_format: str, **options: Any) -> bytes:
        if not isinstance(image, Image.Image):
            image = Image.fromarray(image)
        file = BytesIO()
        image.save(file, file_format, **options)
        return file.getvalue()

    return make


@pytest.fixture(scope="session")
def photo_hwc() -> NDArray[np.uint8]:
    """Smooth colours without any symmetry, 64 wide and 48 high."""
    y, x = np.mgrid[0:48, 0:64]
    return np.stack([x * 4, y * 5, (x + 2 * y) % 160], axis=-1).astype(np.uint8)
