"""The maths on boxes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
from numpy.typing import NDArray

from vision.boxes import area_xyxy, clip_xyxy, overlap_xyxy, yxyx_normalised_to_xyxy

any_boxes = st_numpy.arrays(
    np.float64, st.tuples(st.integers(0, 5), st.just(4)), elements=st.floats(-1e6, 1e6)
)
sizes = st.tuples(st.integers(1, 10_000), st.integers(1, 10_000))


@pytest.mark.parametrize(
    ("yxyx_normalised", "size_wh", "expected_xyxy"),
    [
        (np.zeros((0, 4)), (200, 100), np.zeros((0, 4))),
        ([[0.0, 0.0, 1.0, 1.0]], (200, 100), [[0, 0, 200, 100]]),
        ([[0.1, 0.2, 0.3, 0.4]], (1000, 10), [[200, 1, 400, 3]]),
        ([[-0.5, 0.5, 2.0, 1.5]], (10, 20), [[5, -10, 15, 40]]),
    ],
)
def test_normalised_boxes_become_pixels(
    yxyx_normalised: NDArray[np.float64], size_wh: tuple[int, int], expected_xyxy: list[list[int]]
) -> None:
    """Rows scale with the height and columns with the width, and change places."""
    xyxy = yxyx_normalised_to_xyxy(yxyx_normalised, size_wh=size_wh)

    np.testing.assert_allclose(xyxy, expected_xyxy)


@given(xyxy=any_boxes, size_wh=sizes)
def test_clipped_boxes_lie_in_the_picture(
    xyxy: NDArray[np.float64], size_wh: tuple[int, int]
) -> None:
    """Clipping leaves nothing outside, and a second time changes nothing."""
    clipped = clip_xyxy(xyxy, size_wh=size_wh)

    assert clipped.shape == xyxy.shape
    assert (clipped >= 0).all()
    assert (clipped <= [*size_wh, *size_wh]).all()
    np.testing.assert_array_equal(clip_xyxy(clipped, size_wh=size_wh), clipped)


@pytest.mark.parametrize(
    ("xyxy", "expected"),
    [
        (np.zeros((0, 4)), []),
        ([[5, 5, 5, 5]], [0]),
        ([[9, 9, 0, 0]], [0]),
        ([[0, 0, 20, 10], [-1, -1, 1, 2]], [200, 6]),
    ],
)
def test_area_is_width_times_height(xyxy: object, expected: list[int]) -> None:
    """A box whose corners are swapped has no area, though its sides multiply to one."""
    area = area_xyxy(np.asarray(xyxy))

    np.testing.assert_array_equal(area, expected)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (np.zeros((0, 4)), [[0, 0, 1, 1]], np.zeros((0, 1))),
        ([[0, 0, 1, 1]], np.zeros((0, 4)), np.zeros((1, 0))),
        ([[0, 0, 10, 10]], [[10, 0, 20, 10]], [[0]]),
        ([[0, 0, 10, 10]], [[30, 30, 40, 40]], [[0]]),
        ([[0, 0, 30, 10]], [[20, 5, 50, 9], [0, 0, 30, 10]], [[40, 300]]),
    ],
)
def test_overlap_is_shared_area(first: object, second: object, expected: object) -> None:
    """Boxes that only touch, or lie apart in both directions, share nothing."""
    overlap = overlap_xyxy(np.asarray(first), np.asarray(second))

    np.testing.assert_array_equal(overlap, np.asarray(expected))


@given(first=any_boxes, second=any_boxes)
def test_overlap_is_symmetric_and_no_larger_than_either(
    first: NDArray[np.float64], second: NDArray[np.float64]
) -> None:
    """What one box shares with another, the other shares with it, and neither shares more."""
    overlap = overlap_xyxy(first, second)

    np.testing.assert_array_equal(overlap, overlap_xyxy(second, first).T)
    assert (overlap <= area_xyxy(first)[:, None]).all()
    assert (overlap <= area_xyxy(second)[None, :]).all()
