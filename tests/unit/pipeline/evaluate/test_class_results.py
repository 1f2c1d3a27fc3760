"""Average precision and counts of a class."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.evaluate.class_results import ClassResults, class_results
from pipeline.evaluate.counts import Counts
from pipeline.evaluate.dataset import Dataset, TrueBox
from pipeline.evaluate.detector import FoundBox
from pipeline.evaluate.hit_rule import HitRule
from pipeline.evaluate.picture_boxes import picture_boxes
from pipeline.evaluate.score import score


def _results(scores: list[float], hits: list[int], true_count: int) -> ClassResults:
    return ClassResults(np.array(scores), np.array(hits, dtype=np.bool_), true_count)


@pytest.mark.parametrize(
    ("hits", "true_count", "expected"),
    [
        ([], 0, None),
        ([0], 0, None),
        ([], 3, 0.0),
        ([0, 0], 3, 0.0),
        ([1, 1], 2, 1.0),
        ([1], 2, 51 / 101),  # precision 1 at the recalls 0 .. 0.50
        ([0, 1], 1, 0.5),
        # Precisions 1, 1/2, 2/3: recall 0 .. 0.50 at best 1, 0.51 .. 1 at 2/3.
        ([1, 0, 1], 2, (51 + 50 * 2 / 3) / 101),
        # A better precision at a higher recall counts for the lower ones, too.
        ([0, 1, 1], 2, 2 / 3),
    ],
)
def test_average_precision_is_read_at_101_recalls(
    hits: list[int], true_count: int, expected: float | None
) -> None:
    """Worked out by hand; a class that is not there has none."""
    falling = [1 - place / 10 for place in range(len(hits))]

    average = _results(falling, hits, true_count).average_precision()

    assert average == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(
    ("threshold", "counts"),
    [
        (0.0, Counts(2, 2, 1)),
        (0.7, Counts(2, 1, 1)),
        (0.8, Counts(1, 1, 2)),
        (1.0, Counts(0, 0, 3)),
    ],
)
def test_counts_are_taken_from_the_threshold_on(threshold: float, counts: Counts) -> None:
    """A score that equals it, in the precision of models, counts."""
    as_models_have_it = float(np.float32(0.7))
    results = _results([0.9, 0.8, as_models_have_it, 0.1], [1, 0, 1, 0], 3)

    assert results.at(threshold) == counts


@pytest.mark.parametrize(
    ("counts", "shares"),
    [
        (Counts(0, 0, 0), (None, None, None)),
        (Counts(0, 1, 0), (0.0, None, 0.0)),
        (Counts(0, 0, 1), (None, 0.0, 0.0)),
        (Counts(3, 1, 2), (0.75, 0.6, 2 / 3)),
    ],
)
def test_a_share_of_nothing_is_none(
    counts: Counts, shares: tuple[float | None, float | None, float | None]
) -> None:
    """Precision needs something found, recall something to find."""
    assert (counts.precision, counts.recall, counts.f1) == shares


def test_a_curve_has_a_point_for_each_found_box() -> None:
    """Recall rises, precision follows the share of hits so far."""
    recall, precision = _results([0.9, 0.8, 0.7], [1, 0, 1], 4).curve()

    assert recall.tolist() == [0.25, 0.25, 0.5]
    assert precision.tolist() == pytest.approx([1.0, 0.5, 2 / 3])


def test_joined_results_are_sorted_again() -> None:
    """Equal scores keep their order."""
    joined = ClassResults.join([_results([0.9, 0.5], [0, 0], 1), _results([0.7, 0.5], [1, 1], 2)])

    assert joined.scores.tolist() == [0.9, 0.7, 0.5, 0.5]
    assert joined.is_hit.tolist() == [False, True, False, True]
    assert joined.true_count == 3


CATEGORIES = {1: "cat", 2: "dog"}
_places, _sizes = st.integers(0, 12).map(float), st.integers(1, 12).map(float)
_sides = st.tuples(_places, _places, _sizes, _sizes)
_true_boxes = st.builds(
    lambda image_id, category_id, xywh, is_crowd: TrueBox(
        image_id, category_id, xywh, xywh[2] * xywh[3], is_crowd=is_crowd
    ),
    st.sampled_from([7, 8]),
    st.sampled_from([1, 2]),
    _sides,
    st.integers(0, 5).map(lambda draw: draw == 0),
)
_found_boxes = st.builds(
    lambda label, tenths, xywh: FoundBox(
        label,
        tenths / 10,
        (xywh[0], xywh[1], xywh[0] + xywh[2], xywh[1] + xywh[3]),
    ),
    st.sampled_from(["cat", "dog"]),
    st.integers(0, 10),
    _sides,
)


@given(
    true=st.lists(_true_boxes, max_size=12),
    found=st.dictionaries(st.sampled_from([8, 7]), st.lists(_found_boxes, max_size=12)),
)
def test_by_iou_it_agrees_with_the_reference_implementation(
    true: list[TrueBox], found: dict[int, list[FoundBox]]
) -> None:
    """For any boxes, crowds and equal scores, average precisions are those of pycocotools."""
    certain = TrueBox(7, 1, (0.0, 0.0, 5.0, 5.0), 25.0, is_crowd=False)
    dataset = Dataset({8: Path("b.jpg"), 7: Path("a.jpg")}, CATEGORIES, (certain, *true))

    reference = score(dataset, found).per_class_50
    ours = class_results(picture_boxes(dataset, found), HitRule())

    averages = {CATEGORIES[key]: each.average_precision() for key, each in ours.items()}
    assert {name: value for name, value in averages.items() if value is not None} == pytest.approx(
        dict(reference)
    )
