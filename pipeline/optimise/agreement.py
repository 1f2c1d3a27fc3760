"""How far two models say the same, and how often one is right."""

from collections.abc import Collection, Sequence

import numpy as np

from vision import Classification, Detections
from vision.boxes import area_xyxy, overlap_xyxy

_IOU_MIN = 0.5
_TOP_5 = 5


def same_best_class(
    first: Sequence[Classification], second: Sequence[Classification]
) -> float | None:
    """Return the share (0..1) of pictures whose most probable class is the same; None for none."""
    pairs = list(zip(first, second, strict=True))
    same = sum(a.class_ids[0] == b.class_ids[0] for a, b in pairs)
    return float(same / len(pairs)) if pairs else None


def same_boxes(
    first: Sequence[Detections], second: Sequence[Detections], threshold: float
) -> float | None:
    """Return the share (0..1) of boxes that have a partner of their class in the other answer.

    Partners have an IoU of at least 0.5; each box has at most one. (This is the F1 score of either
    with the other for truth.)

    Args:
        first: What one model sees in each picture.
        second: What the other one sees.
        threshold: Score from which a box counts.

    Returns:
        None where there is not one box.
    """
    partners = boxes = 0
    for one, other in zip(first, second, strict=True):
        one, other = one.above(threshold), other.above(threshold)  # noqa: PLW2901  # the same, less
        partners += _partners(one, other)
        boxes += len(one) + len(other)
    return 2 * partners / boxes if boxes else None


def _partners(first: Detections, second: Detections) -> int:
    """Pair the boxes of one picture, the best fitting first."""
    if not len(first) or not len(second):
        return 0
    common = overlap_xyxy(first.xyxy, second.xyxy)
    either = area_xyxy(first.xyxy)[:, None] + area_xyxy(second.xyxy)[None, :] - common
    iou = common / np.maximum(either, np.finfo(np.float64).tiny)
    iou[first.class_ids[:, None] != second.class_ids[None, :]] = 0.0
    count = 0
    while iou.max() >= _IOU_MIN:
        row, column = np.unravel_index(np.argmax(iou), iou.shape)
        iou[row, :] = iou[:, column] = 0.0
        count += 1
    return count


def top_accuracies(
    answers: Sequence[Classification], truths: Sequence[Collection[int]]
) -> dict[str, float]:
    """Return how often a right class is the first, and among the first five.

    Args:
        answers: What the model says of each picture, of which there must be one.
        truths: The ids of the classes that are right for it.

    Returns:
        Shares (0..1): `top1` and `top5`.
    """
    ranks = [
        next((rank for rank, one in enumerate(answer) if one.class_id in truth), _TOP_5)
        for answer, truth in zip(answers, truths, strict=True)
    ]
    return {
        "top1": sum(rank == 0 for rank in ranks) / len(ranks),
        "top5": sum(rank < _TOP_5 for rank in ranks) / len(ranks),
    }
