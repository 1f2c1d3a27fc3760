"""Bare pixels become a picture as a file would."""

import numpy as np
import pytest

from vision import (
    DecodeLimits,
    EmptyPictureError,
    Resize,
    TooManyPixelsError,
    decode_picture,
    encode_png,
    picture_of_pixels,
)


@pytest.mark.parametrize("shape", [(0, 0, 3), (0, 5, 3), (5, 0, 3)])
def test_no_pixels_are_no_picture(shape: tuple[int, int, int]) -> None:
    """A side without length is refused."""
    with pytest.raises(EmptyPictureError, match="none at all"):
        picture_of_pixels(np.zeros(shape, np.uint8))


def test_one_pixel_is_a_picture() -> None:
    """The smallest picture stays as it is."""
    picture = picture_of_pixels(np.full((1, 1, 3), 7, np.uint8))

    assert picture.original_size_wh == (1, 1)
    assert picture.image_hwc.tolist() == [[[7, 7, 7]]]


@pytest.mark.parametrize("resize", [Resize("none"), Resize("fit", 30, 30)], ids=["as is", "fit"])
def test_pixels_are_resized_as_those_of_a_file(resize: Resize) -> None:
    """A picture that is not square comes out the same from pixels and from a PNG of them."""
    pixels = np.random.default_rng(3).integers(0, 255, (40, 60, 3), dtype=np.uint8)

    picture = picture_of_pixels(pixels, resize=resize)

    as_file = decode_picture(encode_png(pixels), resize=resize)
    assert picture.original_size_wh == (60, 40)
    assert np.array_equal(picture.image_hwc, as_file.image_hwc)


def test_too_many_pixels_are_refused() -> None:
    """The limit of files holds."""
    with pytest.raises(TooManyPixelsError, match="at most 99 pixels"):
        picture_of_pixels(np.zeros((10, 10, 3), np.uint8), limits=DecodeLimits(99))
