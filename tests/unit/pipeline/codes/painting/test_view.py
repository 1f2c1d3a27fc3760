"""Turning pictures and laying them down."""

import numpy as np
import pytest

from pipeline.codes.painting.canvas import Picture, filled
from pipeline.codes.painting.rounded import draw_rounded
from pipeline.codes.painting.view import laid_corners, lay, turned


def paint_white(_rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint nothing but white."""
    return filled(width, height, (255, 255, 255))


@pytest.mark.parametrize("angle", [0.0, 0.3, np.pi / 2, 2.5, -1.0])
@pytest.mark.parametrize("size_wh", [(80, 60), (64, 300)])
def test_a_turned_picture_has_no_empty_corners(angle: float, size_wh: tuple[int, int]) -> None:
    """The painter gets enough room for the corners to be filled."""
    picture = turned(np.random.default_rng(0), paint_white, size_wh, angle)

    assert picture.shape == (size_wh[1], size_wh[0], 3)
    assert (picture == 255).all()


def test_corners_turn_against_the_clock_about_the_centre() -> None:
    """A quarter turn exchanges width and height; the first corner comes to the lower left."""
    corners = laid_corners((20, 10), (50.0, 40.0), np.pi / 2)

    assert corners.tolist() == [[45, 50], [45, 30], [55, 30], [55, 50]]


def test_a_patch_is_laid_about_its_centre() -> None:
    """Its middle is at the centre, and the picture around stays as it is."""
    picture = filled(100, 80, (0, 0, 0))

    lay(picture, filled(30, 20, (9, 9, 9)), (40.0, 50.0), 0.4)

    rows, columns = np.nonzero(picture[..., 0])
    assert rows.mean() == pytest.approx(50, abs=1)
    assert columns.mean() == pytest.approx(40, abs=1)
    assert len(rows) == pytest.approx(600, rel=0.1)


@pytest.mark.parametrize("centre_xy", [(-5.0, 40.0), (99.0, 79.0), (300.0, 300.0)])
def test_a_patch_may_hang_over_the_edge_or_miss(centre_xy: tuple[float, float]) -> None:
    """Nothing outside is touched, nothing fails."""
    picture = filled(100, 80, (0, 0, 0))

    lay(picture, filled(30, 20, (9, 9, 9)), centre_xy, 1.0)

    assert picture.any() == (centre_xy[0] < 100)


@pytest.mark.parametrize("radius", [0, 4, 400])
def test_a_rounded_rectangle_stays_in_its_box(radius: int) -> None:
    """Its sides are reached, its corners only without a radius."""
    picture = filled(40, 30, (0, 0, 0))

    draw_rounded(picture, (5, 6, 34, 23), radius, (7, 7, 7))

    rows, columns = np.nonzero(picture[..., 0])
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (6, 23, 5, 34)
    assert (picture[6, 5, 0] > 0) == (radius == 0)
