"""Which found box stands for which true one."""

from pathlib import Path

import pytest

from pipeline.evaluate.dataset import Dataset, TrueBox
from pipeline.evaluate.detector import FoundBox
from pipeline.evaluate.hit_rule import HitRule
from pipeline.evaluate.matching import IN_CROWD, NO_MATCH, match
from pipeline.evaluate.picture_boxes import ANY_CATEGORY, PictureBoxes, picture_boxes

CATEGORIES = {1: "qr", 5: "bar"}


def _true(category_id: int, left: float, *, is_crowd: bool = False) -> TrueBox:
    return TrueBox(7, category_id, (left, 0.0, 10.0, 10.0), 100.0, is_crowd=is_crowd)


def _found(label: str, score: float, left: float, width: float = 10.0) -> FoundBox:
    return FoundBox(label, score, (left, 0.0, left + width, 10.0))


def _picture(
    true: list[TrueBox], found: list[FoundBox], *, keep_unknown: bool = False
) -> PictureBoxes:
    dataset = Dataset({7: Path("a.jpg")}, CATEGORIES, tuple(true))
    (picture,) = picture_boxes(dataset, {7: found}, keep_unknown=keep_unknown)
    return picture


@pytest.mark.parametrize(
    ("true", "found", "places"),
    [
        ([], [], []),
        ([_true(1, 0)], [], []),
        ([], [_found("qr", 0.5, 0)], [NO_MATCH]),
        ([_true(1, 0)], [_found("qr", 0.5, 0)], [0]),
        ([_true(1, 0)], [_found("bar", 0.5, 0)], [NO_MATCH]),
        ([_true(1, 50), _true(1, 0)], [_found("qr", 0.5, 1)], [1]),
    ],
    ids=["nothing", "missed", "false", "hit", "another category", "the second"],
)
def test_boxes_of_one_category_are_matched(
    true: list[TrueBox], found: list[FoundBox], places: list[int]
) -> None:
    """A found box gets the place of its true box, if there is one."""
    assert match(_picture(true, found), HitRule()).tolist() == places


def test_of_several_boxes_on_one_object_the_most_certain_is_the_hit() -> None:
    """The others are false alarms, even if they fit better."""
    found = [_found("qr", 0.5, 0), _found("qr", 0.9, 2), _found("qr", 0.7, 0)]

    picture = _picture([_true(1, 0)], found)

    assert picture.scores.tolist() == [0.9, 0.7, 0.5]
    assert match(picture, HitRule()).tolist() == [0, NO_MATCH, NO_MATCH]


def test_a_box_takes_the_object_that_it_fits_best_and_the_next_what_is_left() -> None:
    """Two overlapping objects are both found by two boxes."""
    true = [_true(1, 0), _true(1, 3)]

    picture = _picture(true, [_found("qr", 0.9, 2.5), _found("qr", 0.8, 2)])

    assert match(picture, HitRule()).tolist() == [1, 0]


def test_boxes_in_a_crowd_are_neither_right_nor_wrong() -> None:
    """Any number of them, as long as half of each lies in the crowd; a true box goes first."""
    true = [_true(1, 0, is_crowd=True), _true(1, 1)]
    found = [
        _found("qr", 0.9, 1), _found("qr", 0.8, 0, 4), _found("qr", 0.7, 6, 4),
        _found("qr", 0.6, 5), _found("qr", 0.5, 6), _found("bar", 0.4, 0),
    ]  # fmt: skip

    places = match(_picture(true, found), HitRule()).tolist()

    assert places == [1, IN_CROWD, IN_CROWD, IN_CROWD, NO_MATCH, NO_MATCH]


def test_categories_may_be_ignored() -> None:
    """So that it can be counted what is taken for what."""
    picture = _picture([_true(1, 0)], [_found("bar", 0.5, 0)])

    assert match(picture, HitRule(), across_categories=True).tolist() == [0]


def test_what_nobody_named_may_be_of_any_category() -> None:
    """A tool's own names count; for a model, unknown labels are left out."""
    true, found = [_true(5, 0)], [_found("stripes", 1.0, 0)]

    named = _picture(true, found, keep_unknown=True)

    assert named.found_ids.tolist() == [ANY_CATEGORY]
    assert match(named, HitRule()).tolist() == [0]
    assert _picture(true, found).found_ids.tolist() == []


def test_only_the_hundred_most_certain_boxes_of_a_category_count() -> None:
    """As COCO has it: what comes after them is neither right nor wrong."""
    found = [_found("qr", score / 200, 0) for score in range(120)] + [_found("bar", 0.0, 0)]

    picture = _picture([], found)

    assert picture.found_ids.tolist() == [1] * 100 + [5]
    assert picture.scores.min() == 0.0
    assert picture.scores[99] == pytest.approx(0.1)
