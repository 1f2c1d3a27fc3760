"""Pictures of any size in a square."""

import numpy as np
import pytest

from pipeline.codes.detector.letterbox import FILL, letterbox, place


def test_the_longer_side_fills_the_square() -> None:
    """A wide picture leaves the lower part to the fill, and says how far it reaches."""
    images = np.full((2, 40, 80, 3), 200, np.uint8)

    pixels, extent_yx = letterbox(images, 64)

    assert pixels.shape == (2, 64, 64, 3)
    assert extent_yx.numpy().tolist() == [32, 64]
    assert pixels[:, :32].numpy() == pytest.approx(200, abs=1e-3)
    assert (pixels[:, 32:].numpy() == FILL).all()


def test_a_picture_of_the_right_size_stays_as_it_is() -> None:
    """Nothing is resampled that fits already."""
    images = np.random.default_rng(1).integers(0, 256, (1, 64, 64, 1), np.uint8)

    pixels, extent_yx = letterbox(images, 64)

    assert pixels.numpy() == pytest.approx(images, abs=1e-3)
    assert extent_yx.numpy().tolist() == [64, 64]


@pytest.mark.parametrize("height_width", [(1, 1), (1, 500), (500, 1), (3, 1000)])
def test_extreme_shapes_fit(height_width: tuple[int, int]) -> None:
    """No picture is too thin or too small."""
    pixels, extent_yx = letterbox(np.full((1, *height_width, 3), 9, np.uint8), 64)

    assert np.isfinite(pixels.numpy()).all()
    assert max(extent_yx.numpy()) == 64


def test_shrinking_is_antialiased() -> None:
    """Stripes of one pixel, shrunk fourfold, become an even grey and no coarser stripes."""
    stripes = np.zeros((1, 256, 256, 1), np.uint8)
    stripes[:, :, ::2] = 255

    pixels, _ = letterbox(stripes, 64)

    inner = pixels.numpy()[0, 2:-2, 2:-2]
    assert inner == pytest.approx(FILL, abs=2)


def test_a_pixel_lands_where_its_box_says() -> None:
    """Scale and offset move pixels as they move the corners of a box."""
    image = np.zeros((1, 10, 10, 1), np.float32)
    image[0, 2:4, 6:8] = 255  # box (6, 2, 8, 4)

    placed = place(image, 64, [4.0, 4.0], [8.0, 3.0]).numpy()[0, :, :, 0]

    rows, columns = np.nonzero((placed > 128) & (placed != FILL))
    assert (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1) == (27, 16, 35, 24)
