"""Overlap of boxes, against values worked out by hand and by numpy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.codes.detector.overlap import giou, iou

Box = tuple[float, float, float, float]
UNIT: Box = (0, 0, 2, 2)
_side = st.floats(0, 300, width=32)


@pytest.mark.parametrize(
    ("other", "expected_iou", "expected_giou"),
    [
        pytest.param(UNIT, 1, 1, id="the same"),
        pytest.param((1, 1, 3, 3), 1 / 7, 1 / 7 - 2 / 9, id="a corner shared"),
        pytest.param((0, 0, 1, 2), 1 / 2, 1 / 2, id="half of it"),
        pytest.param((2, 0, 4, 2), 0, 0, id="touching"),
        pytest.param((4, 0, 6, 2), 0, -4 / 12, id="apart"),
        pytest.param((1, 1, 1, 1), 0, 0, id="without area"),
    ],
)
def test_overlap_by_hand(other: Box, expected_iou: float, expected_giou: float) -> None:
    """Both measures give the values of their definitions, whichever box comes first."""
    first, second = np.array([UNIT], np.float32), np.array([other], np.float32)

    assert iou(first, second).numpy() == pytest.approx([expected_iou], abs=1e-5)
    assert iou(second, first).numpy() == pytest.approx([expected_iou], abs=1e-5)
    assert giou(first, second).numpy() == pytest.approx([expected_giou], abs=1e-5)
    assert giou(second, first).numpy() == pytest.approx([expected_giou], abs=1e-5)


def test_two_boxes_without_area_do_not_overlap() -> None:
    """No division by zero comes out."""
    nothing = np.zeros((1, 4), np.float32)

    assert iou(nothing, nothing).numpy().tolist() == [0]
    assert np.isfinite(giou(nothing, nothing).numpy()).all()


def test_shapes_broadcast() -> None:
    """Every box of one set is compared with every box of another."""
    first = np.zeros((3, 1, 4), np.float32)
    second = np.zeros((5, 4), np.float32)

    assert iou(first, second).shape == (3, 5)


@given(st.tuples(_side, _side, _side, _side), st.tuples(_side, _side, _side, _side))
def test_giou_is_never_above_iou(first: Box, second: Box) -> None:
    """The penalty only takes away, and both stay in their ranges."""
    boxes = [
        np.array([[min(x, u), min(y, v), max(x, u), max(y, v)]], np.float32)
        for x, y, u, v in (first, second)
    ]

    plain, generalised = float(iou(*boxes)[0]), float(giou(*boxes)[0])

    assert 0 <= plain <= 1 + 1e-6
    assert -1 - 1e-6 <= generalised <= plain + 1e-6
