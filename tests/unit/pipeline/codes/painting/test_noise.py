"""Random fields."""

import numpy as np
import pytest

from pipeline.codes.painting.noise import creases, fractal, levels, sloped, white


@pytest.mark.parametrize("coarse", [1.0, 8.0, 64.0])
def test_fractal_noise_is_centred_and_of_unit_size(coarse: float) -> None:
    """Painters rely on 1 being an ordinary deviation, whatever the scale."""
    field = fractal(np.random.default_rng(0), 512, 384, coarse=coarse)

    assert field.shape == (384, 512)
    assert field.dtype == np.float32
    assert abs(field.mean()) < 0.3
    assert 0.5 < field.std() < 1.5


def test_coarse_noise_changes_slowly() -> None:
    """Neighbours in lumps of 64 pixels are alike; in grain they are not."""
    slow = fractal(np.random.default_rng(0), 256, 256, coarse=64, fine=64)
    fast = white(np.random.default_rng(0), 256, 256)

    steps = [np.abs(np.diff(field, axis=1)).mean() for field in (slow, fast)]

    assert steps[0] < 0.1 < steps[1]


def test_stretched_noise_runs_along_x() -> None:
    """Fibres and scratches change less along x than along y."""
    field = fractal(np.random.default_rng(0), 256, 256, coarse=4, stretch=20)

    along_x, along_y = (np.abs(np.diff(field, axis=axis)).mean() for axis in (1, 0))

    assert along_x < along_y / 3


@pytest.mark.parametrize("size_wh", [(1, 1), (2, 300), (300, 2)])
def test_noise_fits_any_size(size_wh: tuple[int, int]) -> None:
    """A single pixel is a size too."""
    field = fractal(np.random.default_rng(0), *size_wh, coarse=40)

    assert field.shape == size_wh[::-1]
    assert np.isfinite(field).all()


def test_levels_place_zero_in_the_middle() -> None:
    """One lies a spread above, and nothing leaves the range of a byte."""
    values = levels(np.array([[0.0, 1.0, -9.0]]), spread=40, middle=100)

    assert values.tolist() == [[100, 140, 0]]


@pytest.mark.parametrize(("angle", "expected"), [(0.0, 3.0), (np.pi / 2, 2.0), (np.pi, -3.0)])
def test_slopes_are_measured_along_a_direction(angle: float, expected: float) -> None:
    """A plane that rises by 3 along x and by 2 along y, per pixel."""
    x, y = np.meshgrid(np.arange(9), np.arange(7))

    slopes = sloped(np.asarray(3 * x + 2 * y, np.float32), angle)

    assert slopes[3, 4] == pytest.approx(expected, abs=1e-4)


def test_creases_are_heights_above_zero() -> None:
    """Ridges touch zero where the sheet was folded."""
    heights = creases(np.random.default_rng(0), 120, 80, 40)

    assert heights.shape == (80, 120)
    assert heights.min() >= 0
