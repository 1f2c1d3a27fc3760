"""What is taken for what."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.evaluate.hit_rule import HitRule
from pipeline.evaluate.matching import NO_MATCH, match
from pipeline.evaluate.picture_boxes import PictureBoxes

BACKGROUND = "background"


@dataclass(frozen=True, slots=True, eq=False)
class Confusion:
    """How often objects of one class were taken for another.

    Attributes:
        labels: K class names.
        counts: int64 [K + 1, K + 1]. Rows are what is there, columns what was found. The last
            row has what was found where nothing is, the last column what was missed.
    """

    labels: tuple[str, ...]
    counts: NDArray[np.int64]

    def to_dict(self) -> dict[str, Any]:
        """Return it for JSON; the names include the background's."""
        return {"labels": [*self.labels, BACKGROUND], "counts": self.counts.tolist()}


def confusion(
    pictures: Iterable[PictureBoxes],
    categories: Mapping[int, str],
    rule: HitRule,
    threshold: float,
) -> Confusion:
    """Match found boxes with true ones whatever their categories, and count the pairs.

    Args:
        pictures: The boxes.
        categories: Names by id; those that are neither there nor found are left out.
        rule: When a found box counts as a true one.
        threshold: The score (0..1) from which a found box counts.
    """
    pairs = [pair for picture in pictures for pair in _pairs(picture.above(threshold), rule)]
    used = {category_id for pair in pairs for category_id in pair if category_id is not None}
    ids: list[int | None] = [category_id for category_id in categories if category_id in used]
    places = {category_id: place for place, category_id in enumerate([*ids, None])}
    counts = np.zeros((len(places), len(places)), dtype=np.int64)
    for true_id, found_id in pairs:
        counts[places[true_id], places[found_id]] += 1
    labels = tuple(categories[category_id] for category_id in ids if category_id is not None)
    return Confusion(labels, counts)


def _pairs(picture: PictureBoxes, rule: HitRule) -> list[tuple[int | None, int | None]]:
    """Return the categories (there, found) of every match, None for what has no partner."""
    places = match(picture, rule, across_categories=True)
    pairs: list[tuple[int | None, int | None]] = []
    for place, found_id in zip(places.tolist(), picture.found_ids.tolist(), strict=True):
        if place >= 0:
            pairs.append((int(picture.true_ids[place]), found_id))
        elif place == NO_MATCH:
            pairs.append((None, found_id))
    is_missed = ~picture.is_crowd
    is_missed[places[places >= 0]] = False
    return pairs + [(true_id, None) for true_id in picture.true_ids[is_missed].tolist()]
