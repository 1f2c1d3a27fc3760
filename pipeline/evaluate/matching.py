"""Which found box stands for which true one.

The found boxes choose in turn, the most certain first; each takes the free true box that it fits
best. So of several boxes on one object the most certain is the hit, and the others are false. This
is how COCO's evaluation matches at one IoU threshold.
"""

import numpy as np
from numpy.typing import NDArray

from pipeline.evaluate.hit_rule import IOU_MIN, HitRule
from pipeline.evaluate.picture_boxes import ANY_CATEGORY, PictureBoxes
from vision.boxes import area_xyxy, overlap_xyxy

NO_MATCH = -1
"""A found box that stands for nothing: a false alarm."""
IN_CROWD = -2
"""A found box in a crowd, which is neither right nor wrong."""


def match(
    picture: PictureBoxes, rule: HitRule, *, across_categories: bool = False
) -> NDArray[np.int64]:
    """Match the boxes of a picture.

    Args:
        picture: The boxes.
        rule: When a found box counts as a true one.
        across_categories: Whether boxes of different categories may be matched.

    Returns:
        For each found box the place of its true box, `NO_MATCH` or `IN_CROWD`; shape [F].
    """
    overlaps = rule.overlaps(picture.true_xyxy, picture.true_ids, picture.found_xyxy)
    overlaps[picture.is_crowd] = _overlaps_with_crowds(picture)
    if not across_categories:
        is_same = picture.true_ids[:, None] == picture.found_ids[None, :]
        overlaps = np.where(is_same | (picture.found_ids == ANY_CATEGORY), overlaps, 0.0)
    return _greedy(overlaps, picture.is_crowd)


def _overlaps_with_crowds(picture: PictureBoxes) -> NDArray[np.float64]:
    """Return the share of each found box inside each crowd, 0 where it is less than half."""
    common = overlap_xyxy(picture.true_xyxy[picture.is_crowd], picture.found_xyxy)
    share = common / np.maximum(area_xyxy(picture.found_xyxy), np.finfo(np.float64).tiny)
    return np.where(share >= IOU_MIN, share, 0.0)


def _greedy(overlaps: NDArray[np.float64], is_crowd: NDArray[np.bool_]) -> NDArray[np.int64]:
    places = np.full(overlaps.shape[1], NO_MATCH, dtype=np.int64)
    is_free = ~is_crowd
    for column, fits in enumerate(overlaps.T):
        free_fits = np.where(is_free, fits, 0.0)
        if free_fits.any():
            # Of equals the last, as pycocotools does.
            place = len(fits) - 1 - int(np.argmax(free_fits[::-1]))
            places[column] = place
            is_free[place] = False
        elif fits[is_crowd].any():
            places[column] = IN_CROWD
    return places
