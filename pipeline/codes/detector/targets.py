"""Which location is to predict which box, and how sure it shall be of it.

Task-aligned assignment (TOOD, Feng et al. 2021, arXiv:2108.07755, section 3.2): a box is given to
the locations inside it that already predict it best, in class and place together. Codes are often
long and thin; fixed rules about sizes and levels leave those without a location.
"""

from typing import Any, NamedTuple

import tensorflow as tf

from pipeline.codes.detector.locations import Locations
from pipeline.codes.detector.overlap import iou

# The paper's exponents: alignment = score ** ALPHA * iou ** BETA.
ALPHA = 1.0
BETA = 6.0
# Locations per box. The paper has 13 for everyday objects; codes are fewer and often small.
LOCATIONS_PER_BOX = 10
_EPSILON = 1e-9


class Targets(NamedTuple):
    """What the locations are to predict.

    Attributes:
        scores: float32 [B, L, C], 0..1; 0 where nothing is to be found.
        boxes: float32 [B, L, 4], xyxy in pixels; of no meaning where all scores are 0.
    """

    scores: Any
    boxes: Any


def assign(scores: Any, boxes: Any, truth: Any, places: Locations) -> Targets:
    """Give each true box to the locations that predict it best.

    Args:
        scores: float32 [B, L, C], predicted probabilities.
        boxes: float32 [B, L, 4], predicted boxes, xyxy in pixels.
        truth: float32 [B, M, 5], the true boxes as xyxy in pixels and their class id 1..C; rows
            of padding have class id 0. M is at least 1.
        places: The L locations.
    """
    true_boxes, class_ids = truth[..., :4], tf.cast(truth[..., 4], tf.int32)
    class_count = scores.shape[-1]
    overlaps = iou(true_boxes[:, :, None], boxes[:, None])  # [B, M, L]
    # Padding has no class: one_hot(-1) is a row of zeros.
    classes = tf.one_hot(class_ids - 1, class_count)
    own_scores = tf.einsum("bmc,blc->bml", classes, scores)
    inside = _is_inside(places.centres_xy, true_boxes)
    alignment = (own_scores**ALPHA * overlaps**BETA + _EPSILON) * inside
    alignment *= _largest(alignment, LOCATIONS_PER_BOX) * tf.sign(own_scores)
    owned = _one_owner(alignment, overlaps)
    alignment *= owned
    scaled = _rescale(alignment, overlaps * owned)
    return Targets(
        scores=tf.einsum("bml,bmc->blc", scaled, classes),
        boxes=tf.einsum("bml,bmk->blk", owned, true_boxes),
    )


def _is_inside(centres_xy: Any, true_boxes: Any) -> Any:
    """Return 1.0 where a location [L, 2] lies in a box [B, M, 4], as [B, M, L]."""
    after = centres_xy > true_boxes[:, :, None, :2]
    before = centres_xy < true_boxes[:, :, None, 2:]
    return tf.cast(tf.reduce_all(after & before, axis=-1), tf.float32)


def _largest(alignment: Any, count: int) -> Any:
    """Return 1.0 at the `count` largest values above 0 along the last axis."""
    count = min(count, alignment.shape[-1])
    least = tf.math.top_k(alignment, count).values[..., -1:]
    return tf.cast((alignment >= least) & (alignment > 0), tf.float32)


def _one_owner(alignment: Any, overlaps: Any) -> Any:
    """Return 1.0 where a location was given to a box; of several boxes, the best overlapping."""
    given = tf.cast(alignment > 0, tf.float32)
    best = tf.one_hot(tf.argmax(given * (overlaps + 1.0), axis=1), alignment.shape[1], axis=1)
    return given * best


def _rescale(alignment: Any, overlaps: Any) -> Any:
    """Scale each box's alignments so that the largest one is the box's largest overlap."""
    most = tf.reduce_max(alignment, axis=-1, keepdims=True)
    best_overlap = tf.reduce_max(overlaps, axis=-1, keepdims=True)
    return alignment / (most + _EPSILON) * best_overlap
