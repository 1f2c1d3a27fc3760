"""When a found box counts as a true one."""

import numpy as np
import pytest

from pipeline.evaluate.hit_rule import HitRule

BAR, QR = 5, 1
Box = tuple[float, float, float, float]


def _overlap(rule: HitRule, true: Box, found: Box, category_id: int = BAR) -> float:
    overlaps = rule.overlaps(np.array([true]), np.array([category_id]), np.array([found]))
    return float(overlaps[0, 0])


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ((0, 0, 10, 10), 1.0),
        ((0, 0, 5, 10), 0.5),  # half of it, and nothing beside: counts
        ((0, 0, 4.9, 10), 0.0),
        ((0, 0, 10, 20), 0.5),  # twice as large
        ((0, 0, 10, 20.1), 0.0),
        ((5, 0, 15, 10), 0.0),  # 50 of 150
        ((10, 0, 20, 10), 0.0),  # beside it
        ((3, 3, 3, 3), 0.0),  # no area
    ],
)
def test_boxes_hit_from_an_iou_of_half(found: Box, expected: float) -> None:
    """The common area is divided by what either covers, and half of that is enough."""
    assert _overlap(HitRule(), (0, 0, 10, 10), found) == pytest.approx(expected)


def test_boxes_without_area_have_no_overlap() -> None:
    """Nothing divided by nothing is no hit, and no warning."""
    assert _overlap(HitRule(), (3, 3, 3, 3), (3, 3, 3, 3)) == 0.0


def test_without_boxes_there_is_nothing_to_compare() -> None:
    """Empty in, empty out, by either rule."""
    none, ids = np.empty((0, 4)), np.empty(0, dtype=np.int64)
    one = np.array([[0.0, 0.0, 1.0, 1.0]])

    for rule in (HitRule(), HitRule(frozenset({BAR}))):
        assert rule.overlaps(none, ids, one).shape == (0, 1)
        assert rule.overlaps(one, np.array([BAR]), none).shape == (1, 0)


# A code of 100 px whose decoded lines are 4 px high, in bars that are 50 px high.
LINES = (100.0, 148.0, 200.0, 152.0)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ((100, 125, 200, 175), 1.0),  # the printed bars
        ((90, 120, 210, 180), 100 / 120),  # with the quiet zones
        ((100, 125, 170, 175), 0.7),  # 70 of 100
        ((100, 125, 169, 175), 0.0),
        ((80, 125, 180, 175), 0.0),  # 80 in common of 120
        ((0, 0, 640, 480), 0.0),  # the whole picture holds it all, but is far too long
        ((100, 153, 200, 203), 0.0),  # as long, below it: the centre is outside
        ((100, 150, 200, 200), 1.0),  # the centre on the border
    ],
)
def test_codes_are_compared_along_their_scan_lines(found: Box, expected: float) -> None:
    """Length in common over length of either, and the centre inside; height does not matter."""
    rule = HitRule(frozenset({BAR}))

    assert _overlap(rule, LINES, found) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ((125, 100, 175, 200), 1.0),
        ((120, 90, 180, 210), 100 / 120),
        ((125, 100, 175, 169), 0.0),
        ((0, 100, 640, 200), 1.0),  # how wide it is does not matter
        ((148, 0, 152, 480), 0.0),  # as wide, but far too high
        ((153, 100, 203, 200), 0.0),  # beside it
    ],
)
def test_an_upright_code_is_compared_from_top_to_bottom(found: Box, expected: float) -> None:
    """The longer side of the true box tells where its scan lines run."""
    rule = HitRule(frozenset({BAR}))

    assert _overlap(rule, (148, 100, 152, 200), found) == pytest.approx(expected)


def test_a_square_is_compared_along_x() -> None:
    """Somewhere the sides must be as good as each other."""
    rule = HitRule(frozenset({BAR}))

    assert _overlap(rule, (0, 0, 10, 10), (0, -5, 10, 45)) == 1.0
    assert _overlap(rule, (0, 0, 10, 10), (-5, 0, 45, 10)) == 0.0


def test_a_scan_line_without_height_is_found() -> None:
    """A reader that decodes a single line reports a box without area."""
    rule = HitRule(frozenset({BAR}))

    assert _overlap(rule, (100, 150, 200, 150), (100, 125, 200, 175)) == 1.0


def test_other_categories_keep_their_iou() -> None:
    """The rule is for the categories that it was asked for."""
    rule = HitRule(frozenset({BAR}))
    true = np.array([LINES, LINES])
    bars = np.array([[100.0, 125.0, 200.0, 175.0]])

    overlaps = rule.overlaps(true, np.array([BAR, QR]), bars)

    assert overlaps.tolist() == [[1.0], [0.0]]
