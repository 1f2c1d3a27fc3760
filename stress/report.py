"""A run with its circumstances, as JSON holds it and as a table for people."""

import math
import os
import platform
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from stress.exceptions import PlanError, ReportError
from stress.histogram import Histogram
from stress.knee import Knee, Sign, find_knee, point_of
from stress.plan import By, StressPlan
from stress.run import End
from stress.step import Step

__all__ = ["FORM", "StressReport", "Subject", "Way", "milliseconds"]

FORM = "sightline-stress"
"""Tells a report from any other JSON document."""


class Way(StrEnum):
    """What was put under load.

    ``SITE`` is the whole way of the web application, from a file to objects or classes.
    ``MODEL_SERVER`` is the model server alone, with a picture that was decoded before.
    """

    SITE = "site"
    MODEL_SERVER = "model_server"


@dataclass(frozen=True, slots=True)
class Subject:
    """What was put under load.

    Attributes:
        way: All of it, or the model server alone.
        target: Where it is.
        model: Name of the model.
        picture: Name of the picture.
        picture_bytes: Size of its file.
    """

    way: Way
    target: str
    model: str
    picture: str
    picture_bytes: int


@dataclass(frozen=True, slots=True)
class StressReport:
    """A run.

    Attributes:
        subject: What was put under load.
        plan: Under which loads.
        measured_at: When it began.
        steps: What came of each load.
        end: How it ended; None while it goes on.
    """

    subject: Subject
    plan: StressPlan
    measured_at: datetime
    steps: tuple[Step, ...] = ()
    end: End | None = None

    @property
    def knee(self) -> Knee | None:
        """Where latency begins to rise more than throughput; None if no load was beyond that."""
        return find_knee([point_of(step) for step in self.steps if not step.is_cut_short])

    @property
    def histogram(self) -> Histogram:
        """The latencies of all steps together."""
        return sum((step.histogram for step in self.steps), Histogram())

    @property
    def errors(self) -> Mapping[str, int]:
        """Failed calls of all steps by their kind, the most frequent first."""
        counts: dict[str, int] = {}
        for step in self.steps:
            for kind, count in step.errors.items():
                counts[kind] = counts.get(kind, 0) + count
        return dict(sorted(counts.items(), key=lambda error: -error[1]))

    def to_fields(self) -> dict[str, Any]:
        """Return the report as JSON holds it."""
        return {
            "form": FORM,
            "measured_at": self.measured_at.isoformat(timespec="seconds"),
            "subject": asdict(self.subject),
            "plan": {**asdict(self.plan), "loads": list(self.plan.loads)},
            "end": self.end,
            "knee": asdict(self.knee) if self.knee else None,
            "steps": [step.to_fields() for step in self.steps],
            "machine": {
                "cpus": os.cpu_count(),
                "platform": platform.platform(),
                "python": platform.python_version(),
            },
        }

    @classmethod
    def from_fields(cls, fields: Any) -> Self:
        """Return the report of :meth:`to_fields`.

        Raises:
            ReportError: The document is none.
        """
        if not isinstance(fields, Mapping) or fields.get("form") != FORM:
            raise ReportError("This is no report of a stress run.")
        try:
            return cls(**_values(fields))
        except (LookupError, TypeError, ValueError, AttributeError, PlanError) as error:
            raise ReportError(f"This report of a stress run is damaged: {error!r}.") from error

    def headline(self) -> str:
        """Say what was put under load."""
        where = "the whole way of" if self.subject.way is Way.SITE else "the model server at"
        return f"{self.subject.model}, {where} {self.subject.target}"

    def verdict(self) -> str:
        """Say in a sentence what the run showed."""
        knee = self.knee
        if knee is not None:
            after = (
                "after that more load brings more waiting than answers"
                if knee.sign is Sign.LATENCY
                else "after that calls are lost"
            )
            return (
                f"The knee is at {self.plan.named(knee.load)}, with {knee.per_s:.1f} answers a "
                f"second and a 95th percentile of {milliseconds(knee.p95_s)}; {after}."
            )
        if not any(step.answered for step in self.steps):
            return "No call was answered, so there is no knee."
        heaviest = max(step.load for step in self.steps)
        heaviest_named = self.plan.named(heaviest)
        return f"No knee up to {heaviest_named}: throughput still rises as fast as latency."

    def to_lines(self) -> Iterator[str]:
        """Write the report for a terminal."""
        yield self.headline()
        yield ""
        yield _row(("load", "per s", "p50", "p90", "p95", "p99", "max", "answered", "lost"))
        knee = self.knee
        for step in self.steps:
            mark = "  < knee" if knee is not None and step.load == knee.load else ""
            mark = "  cut short" if step.is_cut_short else mark
            yield _row(_cells(step)) + mark
        yield ""
        yield self.verdict()
        for kind, count in self.errors.items():
            yield f"  {count} failed: {kind}"


def milliseconds(seconds: float) -> str:
    """Return a time for people; a dash for NaN.

    Examples:
        >>> [milliseconds(each) for each in (0.00123, 0.0821, 1.5)]
        ['1.2 ms', '82 ms', '1.5 s']
    """
    if math.isnan(seconds):
        return "\N{EN DASH}"
    if seconds >= 1:
        return f"{seconds:.1f} s"
    return f"{seconds * 1000:.{1 if seconds < 0.01 else 0}f} ms"  # noqa: PLR2004


def _cells(step: Step) -> tuple[str, ...]:
    latency = step.latency
    times = (latency.p50_s, latency.p90_s, latency.p95_s, latency.p99_s, latency.max_s)
    lost = step.failed + step.unsent
    return (
        f"{step.load:g}", f"{step.per_s:.1f}", *map(milliseconds, times), str(step.answered),
        str(lost),
    )  # fmt: skip


def _row(cells: tuple[str, ...]) -> str:
    load, *figures = cells
    return f"{load:>7}" + "".join(f"{cell:>9}" for cell in figures)


def _values(fields: Mapping[str, Any]) -> dict[str, Any]:
    subject, plan = fields["subject"], fields["plan"]
    return {
        "subject": Subject(**{**subject, "way": Way(subject["way"])}),
        "plan": StressPlan(**{**plan, "by": By(plan["by"]), "loads": tuple(plan["loads"])}),
        "measured_at": datetime.fromisoformat(fields["measured_at"]),
        "steps": tuple(Step.from_fields(step) for step in fields["steps"]),
        "end": None if fields["end"] is None else End(fields["end"]),
    }
