"""Writing pictures."""

from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from vision import decode_picture, encode_jpeg


def test_a_written_picture_reads_back_alike(photo_hwc: NDArray[np.uint8]) -> None:
    """Size and colours survive, channels in order."""
    data = encode_jpeg(photo_hwc)

    decoded = decode_picture(data).image_hwc.astype(int)
    assert decoded.shape == photo_hwc.shape
    assert np.abs(decoded - photo_hwc).mean() < 3


def test_higher_quality_makes_a_larger_file(photo_hwc: NDArray[np.uint8]) -> None:
    """The quality is passed on."""
    assert len(encode_jpeg(photo_hwc, quality=95)) > len(encode_jpeg(photo_hwc, quality=20))


def test_the_file_is_an_rgb_jpeg_of_full_colour_resolution(photo_hwc: NDArray[np.uint8]) -> None:
    """Thin coloured lines stay sharp because colour is not halved in resolution."""
    with Image.open(BytesIO(encode_jpeg(photo_hwc))) as image:
        layers = image.layer  # type: ignore[attr-defined]  # of JpegImageFile

    assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (64, 48))
    assert {layer[1:3] for layer in layers} == {(1, 1)}


@pytest.mark.parametrize(
    ("image_hwc", "message"),
    [
        (np.zeros((0, 0, 3), np.uint8), r"uint8 \[0, 0, 3\]"),
        (np.zeros((4, 4), np.uint8), r"uint8 \[4, 4\]"),
        (np.zeros((4, 4, 4), np.uint8), r"uint8 \[4, 4, 4\]"),
        (np.zeros((4, 4, 3), np.float32), r"float32 \[4, 4, 3\]"),
        (np.zeros((65_501, 1, 3), np.uint8), "65500"),
    ],
)
def test_what_is_no_picture_is_refused(image_hwc: NDArray[np.uint8], message: str) -> None:
    """The message says what came instead."""
    with pytest.raises(ValueError, match=message):
        encode_jpeg(image_hwc)


@pytest.mark.parametrize("quality", [0, 96, -5])
def test_quality_out_of_range_is_refused(quality: int, photo_hwc: NDArray[np.uint8]) -> None:
    """The library knows qualities from 1 to 95."""
    with pytest.raises(ValueError, match=f"got {quality}"):
        encode_jpeg(photo_hwc, quality=quality)


def test_the_longest_side_that_jpeg_allows_can_be_written() -> None:
    """The limit is the real one."""
    data = encode_jpeg(np.zeros((65_500, 1, 3), np.uint8))

    assert decode_picture(data).original_size_wh == (1, 65_500)
