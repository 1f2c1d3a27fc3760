"""The result of an evaluation: every figure, as JSON, and in short for the terminal."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from rich.table import Table
from rich.text import Text

from pipeline.evaluate.comparison import Contender, EmptyPictures
from pipeline.evaluate.counts import Counts
from pipeline.evaluate.data_identity import DataIdentity
from pipeline.evaluate.machine import Machine
from pipeline.evaluate.rule_figures import RuleFigures
from pipeline.evaluate.score import Scores
from pipeline.evaluate.timing import Pace
from pipeline.evaluate.worst_pictures import WorstPicture

FORM = "sightline-evaluation"
"""Tells a report from any other JSON file."""


@dataclass(frozen=True, slots=True, eq=False)
class EvaluationReport:
    """How good a model is, and how fast.

    Attributes:
        model: Its name.
        version: The version that answered.
        via: How it was reached.
        data: Which pictures it was shown.
        images: Number of pictures.
        threshold: The score (0..1) from which a found box counts.
        scores: How good it is by COCO's metrics, whatever the threshold.
        figures: How good it is at the threshold: by IoU, and then, where some categories are
            compared by scan lines, by that rule.
        true_counts: How many boxes there are to find, by category name.
        empty: What it sees, at the threshold, in pictures with nothing in them.
        labels_left_out: How often it found something that is no category of the data set, at
            the threshold, by label.
        categories_unknown: Categories that are in the pictures and that it does not know.
        seconds: For all pictures, one after the other.
        pace: How long it takes for one.
        machine: Where it was measured.
        measured_at: When.
        contenders: The model and the tools it is compared with; empty where there are none.
        worst: The pictures in which it is most wrong, the worst first.
        notes: What the reader should know, in the words of whoever measured.
    """

    model: str
    version: int | None
    via: str
    data: DataIdentity
    images: int
    threshold: float
    scores: Scores
    figures: tuple[RuleFigures, ...]
    true_counts: Mapping[str, int]
    empty: EmptyPictures
    labels_left_out: Mapping[str, int]
    categories_unknown: tuple[str, ...]
    seconds: float
    pace: Pace
    machine: Machine
    measured_at: datetime
    contenders: tuple[Contender, ...] = ()
    worst: tuple[WorstPicture, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def main(self) -> RuleFigures:
        """The figures by the rule that suits every category."""
        return self.figures[-1]

    @property
    def seconds_per_picture(self) -> float:
        """Mean time for a picture."""
        return self.seconds / self.images

    @property
    def class_names(self) -> list[str]:
        """The categories that are there, or found at the threshold; the best first."""
        ap, counts = self.scores.per_class, self.main.per_class
        names = [name for name in counts if name in ap or counts[name].false_alarms]
        return sorted(names, key=lambda name: -ap.get(name, -1.0))

    def to_json(self) -> str:
        """Return the report as a JSON object; the scores stand beside the rest."""
        fields = {
            "form": FORM,
            "model": self.model,
            "version": self.version,
            "via": self.via,
            "data": asdict(self.data),
            "images": self.images,
            "threshold": self.threshold,
            **asdict(self.scores),
            "figures": [figures.to_dict() for figures in self.figures],
            "true_counts": dict(self.true_counts),
            "empty_pictures": asdict(self.empty),
            "labels_left_out": dict(self.labels_left_out),
            "categories_unknown": list(self.categories_unknown),
            "seconds": self.seconds,
            "seconds_per_picture": self.seconds_per_picture,
            "pace": asdict(self.pace),
            "machine": asdict(self.machine),
            "measured_at": self.measured_at.isoformat(timespec="seconds"),
            "comparison": self._comparison(),
            "worst": [picture.to_dict() for picture in self.worst],
            "notes": list(self.notes),
        }
        return json.dumps(fields, indent=2, allow_nan=False) + "\n"

    def headline(self) -> str:
        """Return what was measured, in a line."""
        pace = f"{1000 * self.seconds_per_picture:.1f} ms each"
        return f"{self.model} version {self.version}: {self.images} pictures via {self.via}, {pace}"

    def to_table(self) -> Table:
        """Return means and classes as a table, the best class first."""
        table = Table(title=f"at a score of {self.threshold:g} · {self.main.title}", box=None)
        for head in ("", "AP", "AP50", "precision", "recall", "F1"):
            table.add_column(head, justify="right")
        table.add_row("all", *_cells(self.scores.map, self.main.map_50, self.main.overall))
        counts = self.main.per_class
        for name in self.class_names:
            ap, ap_50 = self.scores.per_class.get(name), self.main.ap_50.get(name)
            table.add_row(Text(name), *_cells(ap, ap_50, counts[name]))
        return table

    def footnote(self) -> str:
        """Return what the table does not show, in a line."""
        empty = (
            f"{self.empty.with_detection} of {self.empty.count} pictures without objects have a "
            "detection"
        )
        whole = self.pace.predict or self.pace.whole
        return f"{empty}; p50 {1000 * whole.p50:.1f} ms, p95 {1000 * whole.p95:.1f} ms a picture"

    def _comparison(self) -> dict[str, Any] | None:
        if not self.contenders:
            return None
        contenders = [contender.to_dict() for contender in self.contenders]
        return {"rule": self.main.title, "contenders": contenders}


def _cells(ap: float | None, ap_50: float | None, counts: Counts) -> list[str]:
    values = (ap, ap_50, counts.precision, counts.recall, counts.f1)
    return ["\N{EN DASH}" if value is None else f"{value:.3f}" for value in values]
