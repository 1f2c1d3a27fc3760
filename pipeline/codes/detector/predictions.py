"""From what the network predicts to the few boxes that are meant."""

from typing import Any, NamedTuple

import tensorflow as tf

from pipeline.codes.detector.locations import Locations, boxes_from_distances

DETECTIONS_MAX = 50
# Codes lie beside each other, never on each other: overlapping boxes mean the same one, also
# where they disagree about its class.
NMS_IOU = 0.5
_SCORE_MIN = 0.02


class Predictions(NamedTuple):
    """The best boxes of each picture, by falling score; rows beyond `count` are 0.

    Attributes:
        boxes: float32 [B, DETECTIONS_MAX, 4], xyxy in pixels of the square.
        scores: float32 [B, DETECTIONS_MAX], 0..1.
        class_ids: float32 [B, DETECTIONS_MAX], 1..C.
        count: float32 [B].
    """

    boxes: Any
    scores: Any
    class_ids: Any
    count: Any


def best_boxes(predicted: Any, places: Locations) -> Predictions:
    """Choose boxes by greedy non-maximum suppression across all classes.

    Args:
        predicted: float32 [B, L, C + 4], class logits and logarithmic distances.
        places: The L locations.
    """
    return Predictions(
        *tf.map_fn(
            _best_of_one,
            _scored_boxes(predicted, places),
            fn_output_signature=(
                tf.TensorSpec([DETECTIONS_MAX, 4], tf.float32),
                tf.TensorSpec([DETECTIONS_MAX], tf.float32),
                tf.TensorSpec([DETECTIONS_MAX], tf.float32),
                tf.TensorSpec([], tf.float32),
            ),
        )
    )


def best_boxes_of_one(predicted: Any, places: Locations) -> Predictions:
    """Do the same for a batch of one picture, without a loop, which runtimes in browsers lack."""
    boxes, scores, class_ids = _scored_boxes(predicted, places)
    best = _best_of_one((boxes[0], scores[0], class_ids[0]))
    return Predictions(*(part[None] for part in best))


def _scored_boxes(predicted: Any, places: Locations) -> tuple[Any, Any, Any]:
    scores = tf.sigmoid(predicted[..., :-4])
    boxes = boxes_from_distances(predicted[..., -4:], places)
    class_ids = tf.cast(tf.argmax(scores, axis=-1), tf.float32) + 1.0
    return boxes, tf.reduce_max(scores, axis=-1), class_ids


def _best_of_one(rows: tuple[Any, Any, Any]) -> tuple[Any, Any, Any, Any]:
    boxes, scores, class_ids = rows
    chosen, count = tf.raw_ops.NonMaxSuppressionV4(
        boxes=boxes,
        scores=scores,
        max_output_size=DETECTIONS_MAX,
        iou_threshold=NMS_IOU,
        score_threshold=_SCORE_MIN,
        pad_to_max_output_size=True,
    )
    is_meant = tf.cast(tf.range(DETECTIONS_MAX) < count, tf.float32)
    return (
        tf.gather(boxes, chosen) * is_meant[:, None],
        tf.gather(scores, chosen) * is_meant,
        tf.gather(class_ids, chosen) * is_meant,
        tf.cast(count, tf.float32),
    )
