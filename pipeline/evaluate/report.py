"""The result of an evaluation: as JSON, and as a table."""

import json
from dataclasses import asdict, dataclass

from rich.table import Table
from rich.text import Text

from pipeline.evaluate.score import Scores


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """How good a model is, and how fast.

    Attributes:
        model: Its name.
        version: The version that answered.
        via: How it was reached.
        images: Number of pictures.
        scores: How good it is.
        seconds: For all pictures, one after the other.
    """

    model: str
    version: int | None
    via: str
    images: int
    scores: Scores
    seconds: float

    @property
    def seconds_per_picture(self) -> float:
        """Mean time for a picture."""
        return self.seconds / self.images

    def to_json(self) -> str:
        """Return the report as a JSON object; the scores stand beside the rest."""
        fields = {
            "model": self.model,
            "version": self.version,
            "via": self.via,
            "images": self.images,
            **asdict(self.scores),
            "seconds": self.seconds,
            "seconds_per_picture": self.seconds_per_picture,
        }
        return json.dumps(fields, indent=2) + "\n"

    def headline(self) -> str:
        """Return what was measured, in a line."""
        pace = f"{1000 * self.seconds_per_picture:.1f} ms each"
        return f"{self.model} version {self.version}: {self.images} pictures via {self.via}, {pace}"

    def to_table(self) -> Table:
        """Return the scores as a table, the best class first."""
        table = Table("average precision", box=None)
        table.add_column("", justify="right")
        scores = self.scores
        means = (
            ("mean", scores.map),
            ("at IoU 0.50", scores.map_50),
            ("at IoU 0.75", scores.map_75),
        )
        classes = sorted(scores.per_class.items(), key=lambda item: -item[1])
        for name, value in [*means, *classes]:
            table.add_row(Text(name), f"{value:.3f}")
        return table
