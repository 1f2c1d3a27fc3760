"""Hits, false alarms and misses, and what follows from them."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Counts:
    """How often a detector was right and wrong.

    Attributes:
        hits: Found boxes that stand for a true one (true positives).
        false_alarms: Found boxes that do not (false positives).
        missed: True boxes that no found box stands for (false negatives).

    Examples:
        >>> counts = Counts(hits=3, false_alarms=1, missed=2)
        >>> counts.precision, counts.recall, round(counts.f1, 3)
        (0.75, 0.6, 0.667)
        >>> Counts(0, 0, 2).precision is None
        True
    """

    hits: int
    false_alarms: int
    missed: int

    @property
    def precision(self) -> float | None:
        """Share of the found boxes that are right; None where nothing was found."""
        return _share(self.hits, self.hits + self.false_alarms)

    @property
    def recall(self) -> float | None:
        """Share of the true boxes that were found; None where there are none."""
        return _share(self.hits, self.hits + self.missed)

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and recall; None where nothing is there or found."""
        return _share(2 * self.hits, 2 * self.hits + self.false_alarms + self.missed)

    def to_dict(self) -> dict[str, Any]:
        """Return counts and shares under the names of the field, for JSON."""
        return {
            "precision": self.precision,
            "recall": self.recall,
            "f1": self.f1,
            "tp": self.hits,
            "fp": self.false_alarms,
            "fn": self.missed,
        }


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
