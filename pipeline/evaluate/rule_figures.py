"""How good a detector is by one rule of what a hit is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from pipeline.evaluate.class_results import ClassResults, class_results
from pipeline.evaluate.confusion import Confusion, confusion
from pipeline.evaluate.counts import Counts
from pipeline.evaluate.hit_rule import IOU_MIN, SCAN_LINE_OVERLAP_MIN, HitRule
from pipeline.evaluate.picture_boxes import PictureBoxes


@dataclass(frozen=True, slots=True, eq=False)
class RuleFigures:
    """The figures by one rule.

    Attributes:
        scan_lines: Names of the categories compared by scan lines; all others are by IoU.
        threshold: The score from which a found box counts, except in `ap_50` and `results`.
        results: By category name, for all that are there or found: the found boxes of any score.
        confusion: What is taken for what.
    """

    scan_lines: tuple[str, ...]
    threshold: float
    results: Mapping[str, ClassResults]
    confusion: Confusion

    @classmethod
    def of(
        cls,
        pictures: Sequence[PictureBoxes],
        categories: Mapping[int, str],
        scan_lines: tuple[str, ...],
        threshold: float,
    ) -> Self:
        """Compare the boxes of all pictures.

        Args:
            pictures: The boxes.
            categories: Names by id.
            scan_lines: Names of the categories to compare by scan lines.
            threshold: The score (0..1) from which a found box counts.
        """
        rule = rule_of(categories, scan_lines)
        results = class_results(pictures, rule)
        return cls(
            scan_lines=scan_lines,
            threshold=threshold,
            results={categories[category_id]: results[category_id] for category_id in results},
            confusion=confusion(pictures, categories, rule, threshold),
        )

    @property
    def title(self) -> str:
        """The rule, in words."""
        if not self.scan_lines:
            return f"IoU of at least {IOU_MIN}"
        names = ", ".join(self.scan_lines)
        return f"{names} by scan lines ({SCAN_LINE_OVERLAP_MIN}), all else by IoU ({IOU_MIN})"

    @property
    def per_class(self) -> dict[str, Counts]:
        """Counts at the threshold of each category, by name."""
        return {name: each.at(self.threshold) for name, each in self.results.items()}

    @property
    def overall(self) -> Counts:
        """Counts at the threshold over all categories."""
        return self.pooled.at(self.threshold)

    @property
    def pooled(self) -> ClassResults:
        """The found boxes of all categories as one."""
        return ClassResults.join(self.results.values())

    @property
    def ap_50(self) -> dict[str, float | None]:
        """Average precision of each category, by name; None where it is not there."""
        return {name: each.average_precision() for name, each in self.results.items()}

    @property
    def map_50(self) -> float | None:
        """Mean of `ap_50` over the categories that are there."""
        known = [value for value in self.ap_50.values() if value is not None]
        return sum(known) / len(known) if known else None

    def to_dict(self) -> dict[str, Any]:
        """Return the figures for JSON."""
        ap_50, counts = self.ap_50, self.per_class
        return {
            "rule": self.title,
            "scan_lines": list(self.scan_lines),
            "map_50": self.map_50,
            "overall": self.overall.to_dict(),
            "per_class": {
                name: {"ap_50": ap_50[name], **counts[name].to_dict()} for name in self.results
            },
            "confusion": self.confusion.to_dict(),
        }


def rule_of(categories: Mapping[int, str], scan_lines: Sequence[str]) -> HitRule:
    """Return the rule that compares the named categories by scan lines."""
    return HitRule(frozenset(key for key, name in categories.items() if name in scan_lines))
