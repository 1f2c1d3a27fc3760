"""The choice of boxes among what the network predicts."""

import numpy as np
import tensorflow as tf

from pipeline.codes.detector.locations import locations
from pipeline.codes.detector.predictions import DETECTIONS_MAX, best_boxes

PLACES = locations(64)
COUNT = len(PLACES.strides)
NOTHING = -20.0


def predicted(*certain: tuple[int, int, float, float]) -> tf.Tensor:
    """Predict nothing but at some locations: (location, class 0 or 1, logit, strides)."""
    values = np.full((1, COUNT, 6), NOTHING, np.float32)
    values[..., 2:] = 0
    for location, class_index, logit, strides in certain:
        values[0, location, class_index] = logit
        values[0, location, 2:] = np.log(strides)
    return tf.constant(values)


def test_boxes_come_by_falling_score() -> None:
    """Two codes far from each other are both kept, the surer one first."""
    best = best_boxes(predicted((0, 1, 1.0, 0.5), (63, 0, 3.0, 1.0)), PLACES)

    assert best.count.numpy().tolist() == [2]
    assert best.class_ids[0, :2].numpy().tolist() == [1, 2]
    assert best.boxes[0, :2].numpy().round(3).tolist() == [[52, 52, 68, 68], [0, 0, 8, 8]]
    assert np.allclose(best.scores[0, :2], 1 / (1 + np.exp([-3.0, -1.0])))


def test_one_code_is_found_once_whatever_its_class() -> None:
    """Of overlapping boxes the surer one stays, also where their classes differ."""
    best = best_boxes(predicted((0, 0, 2.0, 3.0), (1, 1, 1.0, 3.0)), PLACES)

    assert best.count.numpy().tolist() == [1]
    assert best.class_ids[0, 0] == 1


def test_no_code_gives_an_empty_answer() -> None:
    """Rows beyond the count are zeros."""
    best = best_boxes(predicted(), PLACES)

    assert best.count.numpy().tolist() == [0]
    assert best.boxes.shape == (1, DETECTIONS_MAX, 4)
    assert not any(values.numpy().any() for values in best)


def test_pictures_of_a_batch_are_apart() -> None:
    """Each picture gets its own boxes."""
    batch = tf.concat([predicted(), predicted((0, 0, 2.0, 1.0))], axis=0)

    best = best_boxes(batch, PLACES)

    assert best.count.numpy().tolist() == [0, 1]
