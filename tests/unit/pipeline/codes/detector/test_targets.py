"""The assignment of true boxes to locations."""

import numpy as np
import pytest
import tensorflow as tf

from pipeline.codes.detector.locations import Locations, locations
from pipeline.codes.detector.targets import LOCATIONS_PER_BOX, Targets, assign

# Four cells in a row, 10 pixels apart, 10 pixels high.
ROW = Locations(
    np.array([[5, 5], [15, 5], [25, 5], [35, 5]], np.float32), np.full(4, 10, np.float32)
)


def assigned(scores: object, boxes: object, truth: object, places: Locations = ROW) -> Targets:
    """Call `assign` for one picture and take the batch dimension off again."""
    batch = [tf.constant(np.array([value], np.float32)) for value in (scores, boxes, truth)]
    targets = assign(batch[0], batch[1], batch[2], places)
    return Targets(*(value.numpy()[0] for value in targets))


def test_a_box_goes_to_the_locations_inside_it() -> None:
    """Cells whose centres lie outside get nothing, however well they predict."""
    truth = [[0, 0, 20, 10, 1]]
    boxes = [[0, 0, 20, 10]] * 4

    targets = assigned([[0.5]] * 4, boxes, truth)

    assert targets.scores.tolist() == [pytest.approx([1], abs=1e-4)] * 2 + [[0]] * 2
    assert targets.boxes[:2].tolist() == [[0, 0, 20, 10]] * 2


def test_scores_aim_at_the_alignment_scaled_to_the_best_overlap() -> None:
    """They are score * iou^6, scaled so that the box's best cell aims at the box's best IoU."""
    truth = [[0, 0, 20, 10, 1]]
    boxes = [[0, 0, 10, 10], [0, 0, 20, 8], [0, 0, 1, 1], [0, 0, 1, 1]]  # IoU 0.5 and 0.8
    alignments = np.array([0.9 * 0.5**6, 0.3 * 0.8**6])

    targets = assigned([[0.9], [0.3], [0.9], [0.9]], boxes, truth)

    assert targets.scores[:2, 0] == pytest.approx(alignments / alignments.max() * 0.8, rel=1e-3)


def test_a_location_between_two_boxes_goes_to_the_one_it_overlaps_more() -> None:
    """No cell is asked for two boxes."""
    truth = [[0, 0, 40, 10, 1], [10, 0, 20, 10, 2]]
    boxes = [[0, 0, 40, 10], [10, 0, 20, 10], [0, 0, 40, 10], [0, 0, 40, 10]]

    targets = assigned([[0.5, 0.5]] * 4, boxes, truth)

    assert (targets.scores > 0.1).tolist() == [
        [True, False],
        [False, True],
        [True, False],
        [True, False],
    ]
    assert targets.boxes[1].tolist() == [10, 0, 20, 10]


def test_padding_gets_no_location() -> None:
    """Rows of class 0 are not there, whatever their box."""
    targets = assigned([[0.5]] * 4, [[0, 0, 40, 10]] * 4, [[0, 0, 40, 10, 0]])

    assert targets.scores.tolist() == [[0]] * 4


def test_a_box_has_a_limited_number_of_locations() -> None:
    """A large box does not claim every cell that it covers."""
    places = locations(320)
    count = len(places.strides)
    random = np.random.default_rng(1)
    boxes = np.array([[0, 0, 320, 320]] * count, np.float32) - random.uniform(0, 9, (count, 4))

    targets = assigned(np.full((count, 1), 0.1), boxes, [[0, 0, 320, 320, 1]], places)

    assert np.count_nonzero(targets.scores) == LOCATIONS_PER_BOX


def test_thin_boxes_have_a_location() -> None:
    """A strip of bars that is wider than high by far is not lost between the levels."""
    places = locations(320)
    count = len(places.strides)
    boxes = np.concatenate([places.centres_xy - 8, places.centres_xy + 8], axis=1)

    targets = assigned(np.full((count, 1), 0.01), boxes, [[10, 100, 310, 110, 1]], places)

    assert np.count_nonzero(targets.scores) >= 1
