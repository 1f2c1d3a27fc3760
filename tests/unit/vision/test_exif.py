"""The orientation in EXIF."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from vision.exif import exif_orientation


def tiff(order: str, *entries: tuple[int, int, int], count: int | None = None) -> bytes:
    mark = b"II" if order == "<" else b"MM"
    head = mark + struct.pack(f"{order}HIH", 42, 8, len(entries) if count is None else count)
    return head + b"".join(
        struct.pack(f"{order}HHIHH", *entry[:2], 1, entry[2], 0) for entry in entries
    )


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        (b"", 1),
        (b"MM", 1),
        (b"XX" + tiff("<", (0x0112, 3, 6))[2:], 1),
        (tiff("<"), 1),
        (tiff("<", (0x0112, 3, 0)), 1),
        (tiff("<", (0x0112, 3, 9)), 1),
        (tiff("<", (0x0112, 2, 6)), 1),
        (tiff("<", (0x0100, 3, 6)), 1),
        (tiff("<", (0x0100, 3, 6), count=65_535), 1),
        (b"II*\0\xff\xff\xff\xff", 1),
        (tiff("<", (0x0112, 3, 6), count=65_535), 6),
        (tiff("<", (0x0100, 3, 2), (0x0112, 3, 8)), 8),
        (tiff(">", (0x0112, 3, 3)), 3),
    ],
)
def test_orientation_is_read_in_both_byte_orders(block: bytes, expected: int) -> None:
    """A block that is damaged or says nothing leaves the picture as it is."""
    assert exif_orientation(block) == expected


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_written_by_pillow_is_read(orientation: int) -> None:
    """An independent writer is understood."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "Maker"

    block = exif.tobytes().removeprefix(b"Exif\0\0")

    assert exif_orientation(block) == orientation


@given(st.binary(max_size=200), st.sampled_from([b"", b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08"]))
def test_no_block_is_an_error(rest: bytes, head: bytes) -> None:
    """Whatever the bytes, there is an orientation."""
    assert 1 <= exif_orientation(head + rest) <= 8
