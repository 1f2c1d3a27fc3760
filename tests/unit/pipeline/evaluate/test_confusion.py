"""What is taken for what, and the figures by a rule."""

from pathlib import Path

import pytest

from pipeline.evaluate.confusion import confusion
from pipeline.evaluate.counts import Counts
from pipeline.evaluate.dataset import Dataset, TrueBox
from pipeline.evaluate.detector import FoundBox
from pipeline.evaluate.hit_rule import HitRule
from pipeline.evaluate.picture_boxes import picture_boxes
from pipeline.evaluate.rule_figures import RuleFigures

CATEGORIES = {1: "qr", 2: "aztec", 5: "bar", 9: "never"}
PICTURES = {7: Path("a.jpg"), 8: Path("b.jpg")}


def _true(
    image_id: int, category_id: int, left: float, height: float = 10.0, *, is_crowd: bool = False
) -> TrueBox:
    xywh = (left, 50.0 - height / 2, 100.0, height)
    return TrueBox(image_id, category_id, xywh, 100.0 * height, is_crowd=is_crowd)


def _found(label: str, score: float, left: float, height: float = 10.0) -> FoundBox:
    return FoundBox(label, score, (left, 50.0 - height / 2, left + 100.0, 50.0 + height / 2))


DATASET = Dataset(
    PICTURES,
    CATEGORIES,
    (
        _true(7, 1, 0), _true(7, 2, 200), _true(7, 5, 400, 2), _true(7, 1, 600),
        _true(7, 1, 800, is_crowd=True),
    ),
)  # fmt: skip
FOUND = {
    7: [
        _found("qr", 0.9, 0),  # right
        _found("qr", 0.8, 200),  # an aztec
        _found("bar", 0.7, 400, 40),  # the bars around the scan lines
        _found("qr", 0.4, 600),  # right, below the threshold
        _found("qr", 0.9, 800),  # in the crowd
    ],
    8: [_found("aztec", 0.6, 0)],  # nothing is there
}


def test_pairs_are_counted_whatever_their_categories() -> None:
    """Rows are what is there, columns what was found, the last of each is the background."""
    matrix = confusion(picture_boxes(DATASET, FOUND), CATEGORIES, HitRule(), 0.5)

    assert matrix.labels == ("qr", "aztec", "bar")
    assert matrix.counts.tolist() == [
        [1, 0, 0, 1],
        [1, 0, 0, 0],
        [0, 0, 0, 1],
        [0, 1, 1, 0],
    ]
    assert matrix.to_dict()["labels"] == ["qr", "aztec", "bar", "background"]


def test_the_rule_of_scan_lines_holds_in_the_matrix() -> None:
    """Bars around decoded lines are a hit then."""
    rule = HitRule(frozenset({5}))

    matrix = confusion(picture_boxes(DATASET, FOUND), CATEGORIES, rule, 0.5)

    assert matrix.counts[2].tolist() == [0, 0, 1, 0]
    assert matrix.counts[3].tolist() == [0, 1, 0, 0]


def test_nothing_there_and_nothing_found_is_an_empty_matrix() -> None:
    """Only the background is left."""
    nothing = Dataset(PICTURES, CATEGORIES, ())

    matrix = confusion(picture_boxes(nothing, {}), CATEGORIES, HitRule(), 0.5)

    assert matrix.labels == ()
    assert matrix.counts.tolist() == [[0]]


def test_figures_by_iou_and_by_scan_lines_differ_in_the_class_asked_for() -> None:
    """The class compared by scan lines is found, and the others stay as they are."""
    pictures = picture_boxes(DATASET, FOUND)

    by_iou = RuleFigures.of(pictures, CATEGORIES, (), 0.5)
    by_lines = RuleFigures.of(pictures, CATEGORIES, ("bar",), 0.5)

    assert by_iou.per_class == {
        "qr": Counts(1, 1, 1), "aztec": Counts(0, 1, 1), "bar": Counts(0, 1, 1),
    }  # fmt: skip
    assert by_lines.per_class == {**by_iou.per_class, "bar": Counts(1, 0, 0)}
    assert (by_iou.overall, by_lines.overall) == (Counts(1, 3, 3), Counts(2, 2, 2))
    # Of qr, both are found at some score: precisions 1, 1/2, 2/3.
    assert by_lines.ap_50 == pytest.approx(
        {"qr": (51 + 50 * 2 / 3) / 101, "aztec": 0.0, "bar": 1.0}
    )
    assert by_lines.map_50 == pytest.approx(sum(map(float, (0.835, 0.0, 1.0))) / 3, abs=0.001)
    assert (by_iou.title, by_lines.title) == (
        "IoU of at least 0.5",
        "bar by scan lines (0.7), all else by IoU (0.5)",
    )
