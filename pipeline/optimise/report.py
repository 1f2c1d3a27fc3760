"""The result of `optimise`: one table, as JSON and for the terminal."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from rich.table import Table

from pipeline.evaluate.machine import Machine
from pipeline.optimise.sizes import Size
from pipeline.optimise.speed import Latency

FORM = "sightline-optimise"
"""Tells a report from any other JSON file."""
MISSING = "\N{EN DASH}"

ACCURACY_TITLES = {"map": "mAP", "map_50": "mAP50", "top1": "top-1", "top5": "top-5"}


@dataclass(frozen=True, slots=True)
class Row:
    """One model of the table.

    Attributes:
        name: Of the variant.
        title: A few words for people.
        what: What was done, in a sentence.
        size: Of its files.
        sparsity: Share (0..1) of zeros among its kernels; None where nobody counted.
        needs_flex: Whether a TFLite runtime needs TensorFlow's operations for it.
        load_s: Seconds from the files to the first answer, the median of three.
        latency: Of one caller in this process.
        per_second: Calls a second with a caller for each processor.
        served: Latency through a model server; None where that was not measured.
        agreement: Share (0..1) of pictures with the same best class as the original has, or for
            detectors of boxes that both find; None where there is nothing to compare.
        accuracy: Figures (0..1) on labelled pictures, by name; empty where there are none.
    """

    name: str
    title: str
    what: str
    size: Size
    sparsity: float | None
    needs_flex: bool
    load_s: float
    latency: Latency
    per_second: float
    served: Latency | None
    agreement: float | None
    accuracy: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class OptimiseReport:
    """How variants of a model compare with it.

    Attributes:
        model: Its name.
        version: Its version.
        task: What it does.
        pictures: Where the pictures come from.
        examples: Where the pictures come from that full-integer ranges were taken from.
        calls: How many calls of each were timed.
        rows: The original first.
        refused: Why a variant is not in the table, by name.
        machine: Where it was measured.
        measured_at: When.
        notes: What else the reader should know.
    """

    model: str
    version: int
    task: str
    pictures: str
    examples: str
    calls: int
    rows: tuple[Row, ...]
    refused: Mapping[str, str]
    machine: Machine
    measured_at: datetime
    notes: tuple[str, ...] = field(default=())

    @property
    def original(self) -> Row:
        """The row of the model that the others were made of."""
        return self.rows[0]

    @property
    def agreement_title(self) -> str:
        """What the share of agreement is of."""
        return "same top-1" if self.task == "classification" else "same boxes"

    @property
    def accuracy_names(self) -> list[str]:
        """The names of the accuracies that were measured."""
        return [name for name in ACCURACY_TITLES if name in self.original.accuracy]

    @property
    def was_served(self) -> bool:
        """Whether calls through a model server were measured."""
        return any(row.served for row in self.rows)

    def to_json(self) -> str:
        """Return the report as a JSON object."""
        fields: dict[str, Any] = {"form": FORM, **asdict(self)}
        fields["measured_at"] = self.measured_at.isoformat(timespec="seconds")
        return json.dumps(fields, indent=2, allow_nan=False) + "\n"

    def heads(self) -> list[str]:
        """Return the titles of the columns; the first is that of the models."""
        served = ["served p50 ms", "served p99 ms"] if self.was_served else []
        accuracies = [ACCURACY_TITLES[name] for name in self.accuracy_names]
        return [
            "", "MB", "zipped MB", "zeros", "load s", "p50 ms", "p99 ms", "CPU ms", "calls/s",
            *served, self.agreement_title, *accuracies,
        ]  # fmt: skip

    def cells(self, row: Row) -> list[str]:
        """Return the texts of a row, in the order of `heads`."""
        served: list[float | None] = []
        if self.was_served:
            served = [row.served.p50, row.served.p99] if row.served else [None, None]
        return [
            row.title,
            _number(row.size.plain, 1e-6, 2),
            _number(row.size.compressed, 1e-6, 2),
            _share(row.sparsity),
            _number(row.load_s, 1, 2),
            _number(row.latency.p50, 1e3, 1),
            _number(row.latency.p99, 1e3, 1),
            _number(row.latency.cpu, 1e3, 1),
            _number(row.per_second, 1, 1),
            *(_number(value, 1e3, 1) for value in served),
            _share(row.agreement),
            *(_number(row.accuracy.get(name), 1, 3) for name in self.accuracy_names),
        ]

    def to_table(self) -> Table:
        """Return the table for the terminal."""
        title = f"{self.model} version {self.version} · {self.pictures}"
        table = Table(title=title, box=None, padding=(0, 1, 0, 0))
        for place, head in enumerate(self.heads()):
            table.add_column(head, justify="right" if place else "left", no_wrap=not place)
        for row in self.rows:
            table.add_row(row.name, *(_unbroken(cell) for cell in self.cells(row)[1:]))
        return table

    def footnotes(self) -> Sequence[str]:
        """Return what the table does not show, a line each."""
        machine = self.machine
        flex = [row.name for row in self.rows if row.needs_flex]
        return (
            (
                f"{self.calls} calls each, in turn, one picture a call, on {machine.cpus} "
                f"processors ({machine.architecture}); calls/s with {machine.cpus} callers at once."
            ),
            f"Ranges of full-integer variants come from {self.examples}.",
            *(f"{name} needs TensorFlow's own operations beside TFLite's." for name in flex),
            *(f"{name} was not made: {reason}" for name, reason in self.refused.items()),
            *self.notes,
        )


def _unbroken(cell: str) -> str:
    return cell.replace(" ", "\N{NO-BREAK SPACE}")


def _number(value: float | None, factor: float, digits: int) -> str:
    return MISSING if value is None else f"{factor * value:.{digits}f}"


def _share(value: float | None) -> str:
    return MISSING if value is None else f"{100 * value:.1f} %"
