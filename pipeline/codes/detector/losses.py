"""What training makes small: how wrong the scores are, and how far off the boxes."""

from typing import Any, NamedTuple

import tensorflow as tf

from pipeline.codes.detector.locations import Locations, boxes_from_distances
from pipeline.codes.detector.overlap import giou
from pipeline.codes.detector.targets import assign

# Of TOOD (arXiv:2108.07755): the exponent of the focal factor, and the weight of the boxes.
FOCAL_GAMMA = 2.0
BOX_WEIGHT = 2.0


class DetectionLoss(NamedTuple):
    """The parts of the loss of a batch, each a float32 scalar.

    Attributes:
        classes: Of the scores.
        boxes: Of the boxes, not yet weighted.
    """

    classes: Any
    boxes: Any

    def total(self) -> Any:
        """The weighted sum."""
        return self.classes + BOX_WEIGHT * self.boxes


def detection_loss(truth: Any, predicted: Any, places: Locations) -> DetectionLoss:
    """Compare what the network predicts with what is in the pictures.

    Args:
        truth: float32 [B, M, 5], xyxy in pixels of the square and class id; id 0 is padding.
        predicted: float32 [B, L, C + 4], class logits and logarithmic distances.
        places: The L locations.
    """
    logits, log_distances = predicted[..., :-4], predicted[..., -4:]
    boxes = boxes_from_distances(log_distances, places)
    scores = tf.sigmoid(logits)
    targets = assign(tf.stop_gradient(scores), tf.stop_gradient(boxes), truth, places)
    targets = type(targets)(*map(tf.stop_gradient, targets))
    weights = tf.reduce_sum(targets.scores, axis=-1)
    # The sum of the targets stands in for the number of positives; without any, for one.
    normaliser = tf.maximum(tf.reduce_sum(weights), 1.0)
    class_loss = tf.reduce_sum(quality_focal(targets.scores, logits)) / normaliser
    box_loss = tf.reduce_sum(weights * (1.0 - giou(boxes, targets.boxes))) / normaliser
    return DetectionLoss(class_loss, box_loss)


def quality_focal(targets: Any, logits: Any) -> Any:
    """Return the quality focal loss, element by element.

    Cross entropy with soft targets, scaled down by `|target - score| ** FOCAL_GAMMA` so that the
    thousands of easy negatives do not drown the rest (generalised focal loss, Li et al. 2020,
    arXiv:2006.04388, equation 2).

    Args:
        targets: float32, 0..1.
        logits: float32 of the same shape.
    """
    entropy = tf.nn.sigmoid_cross_entropy_with_logits(labels=targets, logits=logits)
    return tf.abs(targets - tf.sigmoid(logits)) ** FOCAL_GAMMA * entropy
