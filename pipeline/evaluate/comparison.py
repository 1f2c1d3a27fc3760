"""A model and other tools side by side: what each found or did not find."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from pipeline.evaluate.hit_rule import HitRule
from pipeline.evaluate.matching import match
from pipeline.evaluate.picture_boxes import PictureBoxes
from pipeline.evaluate.timing import Pace


@dataclass(frozen=True, slots=True)
class EmptyPictures:
    """Pictures with nothing to find in them.

    Attributes:
        count: How many there are.
        with_detection: In how many of them something was found.
    """

    count: int
    with_detection: int

    @classmethod
    def of(cls, pictures: Sequence[PictureBoxes]) -> Self:
        """Count them; every found box counts, whatever its score."""
        empty = [picture for picture in pictures if picture.is_empty]
        return cls(len(empty), sum(len(picture.scores) > 0 for picture in empty))


@dataclass(frozen=True, slots=True)
class Contender:
    """A model or tool that looked at all pictures.

    Attributes:
        title: Its name and version.
        found: How many true boxes it found, by category name; None where it does not look for
            that category.
        empty: What it saw in pictures with nothing in them.
        pace: How long it takes.
    """

    title: str
    found: Mapping[str, int | None]
    empty: EmptyPictures
    pace: Pace

    @property
    def found_in_all(self) -> int:
        """How many true boxes it found."""
        return sum(count or 0 for count in self.found.values())

    def to_dict(self) -> dict[str, Any]:
        """Return the figures for JSON."""
        return {
            "title": self.title,
            "found": dict(self.found),
            "found_in_all": self.found_in_all,
            "empty_pictures_with_detection": self.empty.with_detection,
            "seconds": asdict(self.pace),
        }


def true_counts(pictures: Sequence[PictureBoxes], categories: Mapping[int, str]) -> dict[str, int]:
    """Return how many true boxes there are to find, by category name, where there is one."""
    ids = [
        category_id
        for picture in pictures
        for category_id in picture.true_ids[~picture.is_crowd].tolist()
    ]
    return {name: ids.count(key) for key, name in categories.items() if key in ids}


def found_counts(
    pictures: Sequence[PictureBoxes], categories: Mapping[int, str], rule: HitRule
) -> dict[str, int]:
    """Return how many true boxes were found, by category name.

    Args:
        pictures: The boxes; every found one counts, whatever its score.
        categories: Names by id.
        rule: When a found box counts as a true one.
    """
    ids: list[int] = []
    for picture in pictures:
        places = match(picture, rule)
        ids.extend(picture.true_ids[places[places >= 0]].tolist())
    return {name: ids.count(key) for key, name in categories.items()}
