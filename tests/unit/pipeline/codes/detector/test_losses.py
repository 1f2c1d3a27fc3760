"""The loss and its parts."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from pipeline.codes.detector.locations import boxes_from_distances, locations
from pipeline.codes.detector.losses import BOX_WEIGHT, DetectionLoss, detection_loss, quality_focal
from pipeline.codes.detector.overlap import iou

PLACES = locations(32)
COUNT = len(PLACES.strides)


def predicted(logit: float, log_distance: float = 0.0) -> tf.Tensor:
    """Predict the same everywhere, for two classes."""
    values = np.concatenate(
        [np.full((1, COUNT, 2), logit), np.full((1, COUNT, 4), log_distance)], axis=2
    )
    return tf.constant(values, tf.float32)


@pytest.mark.parametrize(
    ("target", "logit", "expected"),
    [
        (0.0, 0.0, 0.25 * np.log(2)),
        (1.0, 0.0, 0.25 * np.log(2)),
        (0.5, 0.0, 0.0),
        (0.0, np.log(3), 0.75**2 * -np.log(0.25)),
        (0.8, np.log(3), 0.05**2 * -(0.8 * np.log(0.75) + 0.2 * np.log(0.25))),
    ],
)
def test_quality_focal_by_hand(target: float, logit: float, expected: float) -> None:
    """Cross entropy times the squared distance from the target."""
    loss = quality_focal(tf.constant(target, tf.float32), tf.constant(logit, tf.float32))

    assert float(loss) == pytest.approx(expected, rel=1e-5, abs=1e-7)


def test_total_weighs_the_boxes() -> None:
    """The two parts are added with the weight of the boxes."""
    assert DetectionLoss(1.0, 10.0).total() == 1 + 10 * BOX_WEIGHT


def test_a_picture_without_codes_costs_only_false_alarms() -> None:
    """Nothing is to be found: no loss for boxes, and all scores are pushed to 0."""
    truth = tf.zeros([1, 3, 5])

    loss = detection_loss(truth, predicted(0.0), PLACES)

    assert float(loss.boxes) == 0
    assert float(loss.classes) == pytest.approx(COUNT * 2 * 0.25 * np.log(2), rel=1e-5)


def test_perfect_predictions_cost_nothing() -> None:
    """The right box with certainty at its locations, and nothing elsewhere, has a loss near 0."""
    box = np.array(
        [0, 0, 8, 8], np.float32
    )  # the first cell of stride 8, and no other centre, lies inside
    truth = tf.constant([[[*box.tolist(), 1]]], tf.float32)
    values = np.full((1, COUNT, 6), -20, np.float32)
    values[..., 2:] = np.log(0.5)
    values[0, 0, 0] = 20

    loss = detection_loss(truth, tf.constant(values), PLACES)

    assert float(loss.boxes) == pytest.approx(0, abs=1e-4)
    assert float(loss.classes) == pytest.approx(0, abs=1e-4)


def test_gradients_lead_to_the_box() -> None:
    """Going down the gradient makes the surest location predict the box and its class."""
    box = np.array([2, 6, 30, 28], np.float32)
    truth = tf.constant([[[*box.tolist(), 2]]], tf.float32)
    values = tf.Variable(predicted(-1.0))
    optimizer = keras.optimizers.Adam(0.05)

    for _ in range(150):
        with tf.GradientTape() as tape:
            loss = detection_loss(truth, values, PLACES).total()
        optimizer.apply([tape.gradient(loss, values)], [values])

    surest, class_index = divmod(int(tf.argmax(tf.reshape(values[0, :, :2], [-1]))), 2)
    found = boxes_from_distances(values[0, :, 2:], PLACES)[surest]
    assert class_index == 1
    assert float(iou(found, box)) > 0.8
