"""COCO's metrics on small data sets whose results are known."""

from pathlib import Path

import pytest

from pipeline.evaluate.dataset import Dataset, TrueBox
from pipeline.evaluate.detector import FoundBox
from pipeline.evaluate.score import score
from pipeline.exceptions import EvaluationError

PICTURES = {7: Path("a.jpg"), 8: Path("b.jpg")}
CATEGORIES = {1: "cat", 18: "dog", 90: "toothbrush"}
CAT = TrueBox(7, 1, (0.0, 0.0, 200.0, 100.0), 20_000.0, is_crowd=False)
DOG = TrueBox(8, 18, (10.0, 20.0, 300.0, 200.0), 60_000.0, is_crowd=False)
DATASET = Dataset(PICTURES, CATEGORIES, (CAT, DOG))
FOUND_CAT = FoundBox("cat", 0.9, (0.0, 0.0, 200.0, 100.0))
FOUND_DOG = FoundBox("dog", 0.8, (10.0, 20.0, 310.0, 220.0))


def test_nothing_found_scores_zero() -> None:
    """A model that sees nothing is measurable, and bad."""
    scores = score(DATASET, {7: [], 8: []})

    assert (scores.map, scores.map_50, scores.map_75) == (0.0, 0.0, 0.0)
    assert scores.per_class == {"cat": 0.0, "dog": 0.0}
    assert scores.per_class_50 == {"cat": 0.0, "dog": 0.0}


def test_everything_found_scores_one(capsys: pytest.CaptureFixture[str]) -> None:
    """Also what stands first in the list counts; classes without objects do not; nobody chats."""
    scores = score(DATASET, {7: [FOUND_CAT], 8: [FOUND_DOG]})

    assert scores.map == pytest.approx(1.0)
    assert scores.per_class == pytest.approx({"cat": 1.0, "dog": 1.0})
    assert capsys.readouterr() == ("", "")


def test_a_class_that_is_missed_pulls_the_mean_down() -> None:
    """The mean is over classes, whatever the order of pictures."""
    scores = score(DATASET, {8: [FOUND_DOG]})

    assert scores.map == pytest.approx(0.5)
    assert scores.per_class == pytest.approx({"cat": 0.0, "dog": 1.0})


def test_a_box_that_is_a_little_off_counts_at_low_thresholds_only() -> None:
    """An overlap of 0.7 passes 0.50, 0.55, 0.60, 0.65 and 0.70 of ten thresholds, not 0.75."""
    off = FOUND_CAT._replace(xyxy=(0.0, 0.0, 141.0, 100.0))

    scores = score(Dataset(PICTURES, CATEGORIES, (CAT,)), {7: [off]})

    assert scores.map == pytest.approx(0.5)
    assert scores.map_50 == pytest.approx(1.0)
    assert scores.map_75 == pytest.approx(0.0)
    assert scores.per_class == pytest.approx({"cat": 0.5})
    assert scores.per_class_50 == pytest.approx({"cat": 1.0})


def test_swapped_axes_do_not_pass() -> None:
    """Width and height are not interchangeable."""
    swapped = FOUND_CAT._replace(xyxy=(0.0, 0.0, 100.0, 200.0))

    scores = score(DATASET, {7: [swapped], 8: [FOUND_DOG]})

    assert scores.per_class["cat"] == pytest.approx(0.0)


def test_a_false_box_with_a_higher_score_costs_precision() -> None:
    """One wrong box above the right one halves the precision at every recall."""
    wrong = FoundBox("dog", 0.95, (400.0, 400.0, 500.0, 500.0))

    scores = score(DATASET, {7: [FOUND_CAT, wrong], 8: [FOUND_DOG]})

    assert scores.per_class["dog"] == pytest.approx(0.5)


def test_a_label_that_is_no_category_is_left_out() -> None:
    """A model may know more than the data set."""
    unicorn = FoundBox("unicorn", 1.0, (0.0, 0.0, 200.0, 100.0))

    scores = score(DATASET, {7: [unicorn, FOUND_CAT], 8: [FOUND_DOG]})

    assert scores.map == pytest.approx(1.0)


def test_labels_of_another_world_are_an_error() -> None:
    """A score of zero would hide that the label sets do not match."""
    with pytest.raises(EvaluationError, match="'class 1', are no categories"):
        score(DATASET, {7: [FoundBox("class 1", 0.9, (0.0, 0.0, 1.0, 1.0))]})


@pytest.mark.parametrize(
    "boxes",
    [(), (TrueBox(7, 1, (0.0, 0.0, 9.0, 9.0), 81.0, is_crowd=True),)],
    ids=["none", "crowd"],
)
def test_pictures_without_objects_cannot_be_scored(boxes: tuple[TrueBox, ...]) -> None:
    """There is no average over nothing."""
    with pytest.raises(EvaluationError, match="no box that a model could find"):
        score(Dataset(PICTURES, CATEGORIES, boxes), {7: [FOUND_CAT]})
