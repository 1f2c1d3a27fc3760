"""When a found box counts as a true one.

There are two rules. By IoU, as COCO has it: the boxes' common area is at least half of the area
that either of them covers.

By scan lines, for barcodes whose true boxes come from a decoder. Such a box is as long as the code
and only as high as the lines that were decoded, so no box around the printed bars has much of its
area in common with it. What can be compared is where the code begins and ends. With a true box T
and a found box F:

1. The axis is the one along the longer side of T: x where T is at least as wide as it is high, else
   y. (A code that stands upright in the picture is read from top to bottom.)
2. The overlap is the length that T and F have in common on that axis, divided by the length that
   either of them covers there: an IoU of intervals. Dividing by the length of T alone would let a
   box around the whole picture pass.
3. F hits T where the overlap is at least 0.7 and the centre of T lies in F, borders included.

Across the axis nothing but the centre counts. The rule suits codes that lie about parallel to a
side of the picture; of a code at 45 degrees it asks for more than was meant.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vision.boxes import area_xyxy, overlap_xyxy

IOU_MIN = 0.5
SCAN_LINE_OVERLAP_MIN = 0.7


@dataclass(frozen=True, slots=True)
class HitRule:
    """Tells by which rule each class is compared.

    Attributes:
        scan_line_ids: Ids of the categories compared by scan lines; all others are by IoU.
    """

    scan_line_ids: frozenset[int] = frozenset()

    def overlaps(
        self,
        true_xyxy: NDArray[np.float64],
        true_ids: NDArray[np.int64],
        found: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Return how well each found box fits each true one.

        Args:
            true_xyxy: Shape [T, 4], pixels.
            true_ids: Their categories, shape [T].
            found: Boxes in the form of `true_xyxy`, shape [F, 4].

        Returns:
            Shape [T, F]: the overlap (0.5..1) of a hit, 0 where there is none.
        """
        by_iou = _hits_by_iou(true_xyxy, found)
        if not self.scan_line_ids:
            return by_iou
        is_scan_line = np.isin(true_ids, list(self.scan_line_ids))
        return np.where(is_scan_line[:, None], _hits_by_scan_lines(true_xyxy, found), by_iou)


def _hits_by_iou(true: NDArray[np.float64], found: NDArray[np.float64]) -> NDArray[np.float64]:
    common = overlap_xyxy(true, found)
    either = area_xyxy(true)[:, None] + area_xyxy(found)[None, :] - common
    iou = _ratio(common, either)
    return np.where(iou >= IOU_MIN, iou, 0.0)


def _hits_by_scan_lines(
    true: NDArray[np.float64], found: NDArray[np.float64]
) -> NDArray[np.float64]:
    is_wide = (true[:, 2] - true[:, 0]) >= (true[:, 3] - true[:, 1])
    along_x = _interval_iou(true[:, [0, 2]], found[:, [0, 2]])
    along_y = _interval_iou(true[:, [1, 3]], found[:, [1, 3]])
    overlap = np.where(is_wide[:, None], along_x, along_y)
    is_hit = (overlap >= SCAN_LINE_OVERLAP_MIN) & _centres_inside(true, found)
    return np.where(is_hit, overlap, 0.0)


def _interval_iou(true: NDArray[np.float64], found: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what intervals (start, end), shapes [T, 2] and [F, 2], have in common; [T, F]."""
    starts = np.maximum(true[:, None, 0], found[None, :, 0])
    ends = np.minimum(true[:, None, 1], found[None, :, 1])
    common = np.maximum(ends - starts, 0.0)
    either = np.ptp(true, axis=1)[:, None] + np.ptp(found, axis=1)[None, :] - common
    return _ratio(common, either)


def _centres_inside(true: NDArray[np.float64], found: NDArray[np.float64]) -> NDArray[np.bool_]:
    centres = ((true[:, :2] + true[:, 2:]) / 2)[:, None]
    is_inside = (found[None, :, :2] <= centres) & (centres <= found[None, :, 2:])
    return np.asarray(is_inside.all(axis=-1))


def _ratio(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
