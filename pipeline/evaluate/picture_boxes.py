"""True and found boxes of a picture side by side, as arrays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.evaluate.dataset import Dataset, TrueBox
from pipeline.evaluate.detector import FoundBox

ANY_CATEGORY = -1
"""Category of a found box whose kind nobody told; it may be any true box's."""

_FOUND_MAX = 100  # of each category in a picture, the most certain ones, as COCO has it


@dataclass(frozen=True, slots=True, eq=False)
class PictureBoxes:
    """What is in a picture and what was found in it, the most certain first.

    Attributes:
        image_id: The picture.
        true_xyxy: float64 [T, 4], pixels.
        true_ids: Categories, int64 [T].
        is_crowd: bool [T]; boxes that nobody needs to find.
        found_xyxy: float64 [F, 4], pixels.
        found_ids: Categories, or `ANY_CATEGORY`, int64 [F].
        scores: float64 [F], 0..1, falling.
    """

    image_id: int
    true_xyxy: NDArray[np.float64]
    true_ids: NDArray[np.int64]
    is_crowd: NDArray[np.bool_]
    found_xyxy: NDArray[np.float64]
    found_ids: NDArray[np.int64]
    scores: NDArray[np.float64]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to find in the picture, a crowd included."""
        return len(self.true_ids) == 0

    def above(self, threshold: float) -> "PictureBoxes":
        """Return the picture with only the found boxes whose score is `threshold` or more.

        Scores come from float32, so they are compared in that precision.
        """
        count = int(np.count_nonzero(is_above(self.scores, threshold)))
        return PictureBoxes(
            self.image_id,
            self.true_xyxy,
            self.true_ids,
            self.is_crowd,
            self.found_xyxy[:count],
            self.found_ids[:count],
            self.scores[:count],
        )


def is_above(scores: NDArray[np.float64], threshold: float) -> NDArray[np.bool_]:
    """Tell which scores reach a threshold, in float32, the precision that models have.

    >>> is_above(np.array([float(np.float32(0.7)), 0.69]), 0.7)
    array([ True, False])
    """
    return np.asarray(scores.astype(np.float32) >= np.float32(threshold))


def picture_boxes(
    dataset: Dataset, boxes: Mapping[int, Sequence[FoundBox]], *, keep_unknown: bool = False
) -> list[PictureBoxes]:
    """Put what is there beside what was found.

    Args:
        dataset: What is there.
        boxes: What was found, by picture id.
        keep_unknown: Whether a found box whose label is no category may be any category's; if
            not, it is left out.

    Returns:
        One for each picture of the data set, by rising id.
    """
    true: dict[int, list[TrueBox]] = {image_id: [] for image_id in sorted(dataset.pictures)}
    for box in dataset.boxes:
        true[box.image_id].append(box)
    ids = dataset.ids
    return [
        _picture_boxes(image_id, rows, _numbered(boxes.get(image_id, ()), ids, keep_unknown))
        for image_id, rows in true.items()
    ]


def _numbered(
    found: Sequence[FoundBox],
    ids: Mapping[str, int],
    keep_unknown: bool,  # noqa: FBT001
) -> list[tuple[int, FoundBox]]:
    numbered = [(ids.get(box.label, ANY_CATEGORY), box) for box in found]
    numbered.sort(key=lambda pair: -pair[1].score)
    counts: dict[int, int] = {}
    kept = []
    for category_id, box in numbered:
        counts[category_id] = counts.get(category_id, 0) + 1
        is_wanted = keep_unknown or category_id != ANY_CATEGORY
        if is_wanted and counts[category_id] <= _FOUND_MAX:
            kept.append((category_id, box))
    return kept


def _picture_boxes(
    image_id: int, true: list[TrueBox], found: list[tuple[int, FoundBox]]
) -> PictureBoxes:
    return PictureBoxes(
        image_id=image_id,
        true_xyxy=_boxes([box.xyxy for box in true]),
        true_ids=np.array([box.category_id for box in true], dtype=np.int64),
        is_crowd=np.array([box.is_crowd for box in true], dtype=np.bool_),
        found_xyxy=_boxes([box.xyxy for _, box in found]),
        found_ids=np.array([category_id for category_id, _ in found], dtype=np.int64),
        scores=np.array([box.score for _, box in found], dtype=np.float64),
    )


def _boxes(rows: list[tuple[float, float, float, float]]) -> NDArray[np.float64]:
    return np.array(rows, dtype=np.float64).reshape(-1, 4)
