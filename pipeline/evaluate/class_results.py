"""The found boxes of a class over all pictures, each a hit or a false alarm."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from pipeline.evaluate.counts import Counts
from pipeline.evaluate.hit_rule import HitRule
from pipeline.evaluate.matching import IN_CROWD, match
from pipeline.evaluate.picture_boxes import PictureBoxes, is_above

_RECALLS = np.linspace(0.0, 1.0, 101)


@dataclass(frozen=True, slots=True, eq=False)
class ClassResults:
    """Found boxes, the most certain first.

    Attributes:
        scores: float64 [N], 0..1, falling.
        is_hit: bool [N].
        true_count: How many true boxes there are to be found.
    """

    scores: NDArray[np.float64]
    is_hit: NDArray[np.bool_]
    true_count: int

    @classmethod
    def join(cls, parts: Iterable[Self]) -> Self:
        """Return the results of several pictures or classes as one."""
        rows = list(parts)
        scores = np.concatenate([np.empty(0), *(row.scores for row in rows)])
        is_hit = np.concatenate([np.empty(0, dtype=np.bool_), *(row.is_hit for row in rows)])
        # A stable sort: equal scores stay in the order of the pictures, as in pycocotools.
        order = np.argsort(-scores, kind="stable")
        return cls(scores[order], is_hit[order], sum(row.true_count for row in rows))

    def at(self, threshold: float) -> Counts:
        """Return the counts of the boxes whose score is `threshold` (0..1) or more."""
        kept = is_above(self.scores, threshold)
        hits = int(np.count_nonzero(self.is_hit & kept))
        return Counts(hits, int(np.count_nonzero(kept)) - hits, self.true_count - hits)

    def curve(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return recall (rising) and precision after each found box, two arrays [N].

        Both are empty where there is no true box.
        """
        if not self.true_count:
            return np.empty(0), np.empty(0)
        hits = np.cumsum(self.is_hit)
        return hits / self.true_count, hits / np.arange(1, len(hits) + 1)

    def average_precision(self) -> float | None:
        """Return the average precision, 0..1; None where there is no true box.

        It is COCO's: the mean, over the 101 recalls 0, 0.01, ... 1, of the best precision that is
        had at that recall or a higher one, 0 where the recall is never reached.

        Examples:
            >>> ClassResults(np.array([0.9, 0.8]), np.array([True, False]), 2).average_precision()
            0.504950495049505
        """
        if not self.true_count:
            return None
        recall, precision = self.curve()
        best = np.append(np.maximum.accumulate(precision[::-1])[::-1], 0.0)
        return float(best[np.searchsorted(recall, _RECALLS, side="left")].mean())


def class_results(pictures: Iterable[PictureBoxes], rule: HitRule) -> dict[int, ClassResults]:
    """Match the boxes of all pictures, each category by itself.

    Returns:
        By category id, for all that have a true box, be it in a crowd, or a found one.
    """
    parts: dict[int, list[ClassResults]] = {}
    for picture in pictures:
        places = match(picture, rule)
        for category_id in {*picture.true_ids.tolist(), *picture.found_ids.tolist()}:
            kept = (picture.found_ids == category_id) & (places != IN_CROWD)
            is_true = (picture.true_ids == category_id) & ~picture.is_crowd
            part = ClassResults(
                picture.scores[kept], places[kept] >= 0, int(np.count_nonzero(is_true))
            )
            parts.setdefault(category_id, []).append(part)
    return {category_id: ClassResults.join(parts[category_id]) for category_id in sorted(parts)}
