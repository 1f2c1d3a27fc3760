"""The value that holds what was found."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision import Detection, Detections


def detections(*scores: float, **changes: Any) -> Detections:
    count = len(scores)
    fields: dict[str, Any] = {
        "xyxy": np.array([[i, 0, i + 1, 2] for i in range(count)], dtype=np.float32),
        "class_ids": np.arange(count),
        "scores": np.array(scores, dtype=np.float32),
        "labels": tuple(f"thing {i}" for i in range(count)),
    }
    return Detections(**(fields | changes))


@pytest.mark.parametrize("xyxy", [np.zeros((0, 4)), np.array([])])
def test_nothing_found_is_a_value_like_any_other(xyxy: Any) -> None:
    """Empty in, empty out."""
    empty = detections(xyxy=xyxy)

    assert len(empty) == 0
    assert list(empty) == []
    assert empty.xyxy.shape == (0, 4)
    assert empty.above(0.0) == empty


def test_detections_are_sorted_by_falling_score() -> None:
    """All fields move together, and equal scores keep their order."""
    found = detections(0.25, 0.75, 0.25)

    assert list(found) == [
        Detection("thing 1", 0.75, 1, (1.0, 0.0, 2.0, 2.0)),
        Detection("thing 0", 0.25, 0, (0.0, 0.0, 1.0, 2.0)),
        Detection("thing 2", 0.25, 2, (2.0, 0.0, 3.0, 2.0)),
    ]


def test_fields_have_fixed_types_and_cannot_be_written() -> None:
    """Whatever number types come in, the arrays that come out are the promised ones."""
    found = detections(
        0.5,
        xyxy=np.array([[0, 1, 2, 3]]),
        class_ids=np.array([7.0]),
        scores=np.array([0.5], dtype=np.float64),
    )

    assert found.xyxy.dtype == np.float32
    assert found.class_ids.dtype == np.int64
    assert found.scores.dtype == np.float32
    for array in (found.xyxy, found.class_ids, found.scores):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_arguments_are_left_alone() -> None:
    """The arrays are copied: neither side sees what the other does with its own."""
    scores = np.array([0.25, 0.75], dtype=np.float32)

    found = detections(0.0, 0.0, scores=scores)
    scores[:] = 0.0

    assert found.scores.tolist() == [0.75, 0.25]


@pytest.mark.parametrize(
    ("threshold", "expected"),
    [
        (0.0, [0.9, 0.6, 0.0]),
        (0.6, [0.9, 0.6]),
        (0.600001, [0.9]),
        (0.9, [0.9]),
        (1.0, []),
    ],
)
def test_above_keeps_scores_at_or_over_the_threshold(
    threshold: float, expected: list[float]
) -> None:
    """A score as large as the threshold passes, though 0.6 is no number of float32."""
    found = detections(0.6, 0.0, 0.9)

    kept = found.above(threshold)

    assert [detection.score for detection in kept] == pytest.approx(expected)


@given(st.lists(st.floats(0, 1)), st.floats(0, 1))
def test_above_is_a_prefix(scores: list[float], threshold: float) -> None:
    """What passes is the first part of what there was."""
    found = detections(*scores)

    kept = found.above(threshold)

    assert list(kept) == list(found)[: len(kept)]
    assert all(detection.score < threshold + 1e-6 for detection in list(found)[len(kept) :])


def test_equality_is_by_value() -> None:
    """Equal detections are equal and hash alike; one that differs anywhere is not equal."""
    found = detections(0.5, 0.25)

    assert found == detections(0.5, 0.25)
    assert hash(found) == hash(detections(0.5, 0.25))
    assert found != detections(0.5, 0.26)
    assert found != detections(0.5, 0.25, labels=("thing 0", "other"))
    assert found != detections(0.5, 0.25, class_ids=np.array([0, 9]))
    assert found != detections(0.5)
    assert found != "detections"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"xyxy": np.zeros((2, 4))}, r"\[2, 4\], \[1\], \[1\] and 1"),
        ({"xyxy": np.zeros(4)}, r"\[4\], \[1\]"),
        ({"scores": np.array([[0.5]])}, r"\[1, 4\], \[1\], \[1, 1\]"),
        ({"class_ids": np.array([], dtype=np.int64)}, r"\[0\]"),
        ({"labels": ("a", "b")}, "and 2"),
        ({"xyxy": np.array([[0, 0, np.nan, 1]])}, "finite"),
        ({"xyxy": np.array([[0, 0, np.inf, 1]])}, "finite"),
        ({"xyxy": np.array([[5, 0, 4, 1]])}, "x_min <= x_max"),
        ({"xyxy": np.array([[0, 5, 1, 4]])}, "y_min <= y_max"),
        ({"scores": np.array([np.nan])}, "0 to 1"),
        ({"scores": np.array([1.01])}, "0 to 1"),
        ({"scores": np.array([-0.01])}, "0 to 1"),
    ],
)
def test_inconsistent_values_are_refused(changes: dict[str, Any], message: str) -> None:
    """The message says what came."""
    with pytest.raises(ValueError, match=message):
        detections(0.5, **changes)
