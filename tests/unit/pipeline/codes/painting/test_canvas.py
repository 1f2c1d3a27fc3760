"""Arrays that painters hand to each other."""

import numpy as np
import pytest

from pipeline.codes.painting.canvas import (
    bytes_of,
    cells,
    filled,
    fraction,
    paste,
    pixel_grid,
    tiled,
)


def test_a_filled_picture_has_one_colour() -> None:
    """Width and height are not exchanged, nor are the channels."""
    picture = filled(3, 2, (10, 20, 30))

    assert picture.shape == (2, 3, 3)
    assert picture.dtype == np.uint8
    assert (picture == (10, 20, 30)).all()


def test_bytes_are_limited() -> None:
    """Numbers beyond the range of a byte do not wrap around."""
    assert bytes_of(np.array([-5.0, 3.9, 300.0])).tolist() == [0, 3, 255]


def test_fractions_of_negative_numbers_count_from_the_next_lower_whole_one() -> None:
    """Patterns go on evenly across zero."""
    assert fraction(np.array([-0.25, 0.0, 2.5])).tolist() == [0.75, 0.0, 0.5]


def test_a_pixel_grid_spans_both_sides() -> None:
    """Rows and columns broadcast to the whole picture."""
    x, y = pixel_grid(4, 2)

    assert (x + 10 * y).tolist() == [[0, 1, 2, 3], [10, 11, 12, 13]]


def test_tiles_are_laid_out_in_reading_order_and_cut() -> None:
    """The first index is the row, and what hangs over is left out."""
    tiles = np.array([[[1, 1], [1, 1]], [[2, 3], [4, 5]]], np.uint8)

    mask = tiled(tiles, np.array([[0, 1], [1, 0]]), (3, 4))

    assert mask.tolist() == [[1, 1, 2], [1, 1, 4], [2, 3, 1], [4, 5, 1]]


@pytest.mark.parametrize(
    ("size_wh", "expected"), [((10, 5), (1, 1)), ((11, 20), (2, 2)), ((1, 21), (3, 1))]
)
def test_cells_cover_the_rectangle(size_wh: tuple[int, int], expected: tuple[int, int]) -> None:
    """Rows come first, and a part of a cell counts as one."""
    assert cells(*size_wh, 10) == expected


@pytest.mark.parametrize(
    ("place", "expected"),
    [((0, 0), 4), ((-1, 0), 2), ((3, 2), 1), ((-2, 0), 0), ((4, 0), 0), ((0, 3), 0)],
)
def test_only_what_lies_inside_is_pasted(place: tuple[int, int], expected: int) -> None:
    """A patch may hang over every edge, or lie outside."""
    picture = filled(4, 3, (0, 0, 0))

    paste(picture, filled(2, 2, (1, 1, 1)), *place)

    assert picture[..., 0].sum() == expected
