"""The pictures in which a detector goes most wrong."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.evaluate.dataset import Dataset
from pipeline.evaluate.hit_rule import HitRule
from pipeline.evaluate.matching import NO_MATCH, match
from pipeline.evaluate.picture_boxes import PictureBoxes


@dataclass(frozen=True, slots=True)
class ShownBox:
    """A box as it is drawn.

    Attributes:
        label: What it is, or is taken for.
        xyxy: Pixels of the upright picture.
        is_wrong: Whether it is a true box that was missed, or a false alarm.
        score: Of a found box, 0..1; None for a true one.
    """

    label: str
    xyxy: tuple[float, float, float, float]
    is_wrong: bool
    score: float | None = None


@dataclass(frozen=True, slots=True)
class WorstPicture:
    """A picture, what is in it and what was found in it.

    Attributes:
        path: Its file.
        true: The boxes to find.
        found: The boxes at the threshold, those in crowds left out.
    """

    path: Path
    true: tuple[ShownBox, ...]
    found: tuple[ShownBox, ...]

    @property
    def missed(self) -> int:
        """How many true boxes were not found."""
        return sum(box.is_wrong for box in self.true)

    @property
    def false_alarms(self) -> int:
        """How many found boxes are wrong."""
        return sum(box.is_wrong for box in self.found)

    @property
    def badness(self) -> float:
        """One for each missed box, and for each false alarm its score."""
        return self.missed + math.fsum(box.score or 0.0 for box in self.found if box.is_wrong)

    def to_dict(self) -> dict[str, Any]:
        """Return the counts for JSON."""
        return {
            "file": self.path.name,
            "missed": self.missed,
            "false_alarms": self.false_alarms,
            "badness": self.badness,
        }


def worst_pictures(
    dataset: Dataset,
    pictures: Sequence[PictureBoxes],
    rule: HitRule,
    threshold: float,
    count_max: int = 12,
) -> tuple[WorstPicture, ...]:
    """Return the pictures with something wrong in them, the worst first.

    Args:
        dataset: Where the pictures are.
        pictures: Their boxes.
        rule: When a found box counts as a true one.
        threshold: The score (0..1) from which a found box counts.
        count_max: How many at most.
    """
    judged = [
        _judged(picture.above(threshold), dataset.pictures, dataset.categories, rule)
        for picture in pictures
    ]
    wrong = [picture for picture in judged if picture.missed or picture.false_alarms]
    return tuple(sorted(wrong, key=lambda picture: -picture.badness)[:count_max])


def _judged(
    picture: PictureBoxes, paths: Mapping[int, Path], names: Mapping[int, str], rule: HitRule
) -> WorstPicture:
    places = match(picture, rule)
    hit = set(places.tolist())
    true = tuple(
        ShownBox(names[category_id], (x_min, y_min, x_max, y_max), place not in hit)
        for place, (category_id, (x_min, y_min, x_max, y_max)) in enumerate(
            zip(picture.true_ids.tolist(), picture.true_xyxy.tolist(), strict=True)
        )
        if not picture.is_crowd[place]
    )
    rows = zip(
        places.tolist(),
        picture.found_ids.tolist(),
        picture.found_xyxy.tolist(),
        picture.scores.tolist(),
        strict=True,
    )
    found = tuple(
        ShownBox(names[category_id], (x_min, y_min, x_max, y_max), place == NO_MATCH, score)
        for place, category_id, (x_min, y_min, x_max, y_max), score in rows
        if place >= NO_MATCH
    )
    return WorstPicture(paths[picture.image_id], true, found)
