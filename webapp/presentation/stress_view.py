"""A stress run as its page shows it."""

from dataclasses import dataclass, replace
from typing import Self

from markupsafe import Markup

from stress import (
    End,
    ReportError,
    Step,
    StressReport,
    histogram_chart,
    latency_chart,
    throughput_chart,
)
from webapp.storage.stress_reports import StoredRun

_ENDS = {
    End.COMPLETE: "complete",
    End.STOPPED: "stopped",
    End.GAVE_UP: "gave up",
    End.BROKEN: "broke off",
}


@dataclass(frozen=True, slots=True)
class StressView:
    """A run.

    Attributes:
        run: As it is stored.
        report: What it has shown so far, or in all.
        now: The step that goes on; None where none does.
        number: Of that step, from 1.
        is_warming_up: Whether its measurement has yet to begin.
        share: How much of the run is over, 0..1.
    """

    run: StoredRun
    report: StressReport
    now: Step | None = None
    number: int = 1
    is_warming_up: bool = True
    share: float = 0.0

    @classmethod
    def of(cls, run: StoredRun) -> Self:
        """Return the view of a run.

        Raises:
            ReportError: What is stored of it cannot be read.
        """
        report = StressReport.from_fields(run.document)
        if not run.is_running:
            # A process that wrote no end has gone in the midst of the run.
            return cls(run, replace(report, end=report.end or End.BROKEN), share=1.0)
        live = run.live
        if live is None:
            return cls(run, report)
        now = Step.from_fields(live["now"])
        return cls(run, report, now, live["number"], live["is_warming_up"], live["share"])

    @property
    def state(self) -> str:
        """Where it stands, in a word or two."""
        if self.run.is_running:
            return "stopping" if self.run.is_stop_asked else "running"
        return _ENDS[self.report.end or End.BROKEN]

    @property
    def shown(self) -> Step | None:
        """The step whose figures stand at the top: the one that goes on, else the best one."""
        if self.now is not None:
            return self.now
        knee, steps = self.report.knee, self.report.steps
        at_knee = [step for step in steps if knee is not None and step.load == knee.load]
        answered = sorted((step for step in steps if step.answered), key=lambda step: step.per_s)
        return next(iter([*at_knee, *answered[::-1], *steps]), None)

    @property
    def histogram(self) -> Markup | None:
        """The latencies of the step that goes on, or of all that are over; None without any."""
        shown = self.now.histogram if self.now is not None else self.report.histogram
        if not shown.counts:
            return None
        p95_s = self.now.latency.p95_s if self.now is not None else float("nan")
        return Markup(histogram_chart(shown, p95_s))  # noqa: S704  drawn by us, from numbers

    @property
    def curves(self) -> tuple[tuple[str, Markup], ...]:
        """Names and drawings of what rises with the load; empty until there is something."""
        report = self.report
        if not any(step.answered for step in report.steps):
            return ()
        drawn = {"Throughput": throughput_chart, "Latency": latency_chart}
        return tuple(
            (name, Markup(draw(report.steps, report.plan.unit, report.knee)))  # noqa: S704  as above
            for name, draw in drawn.items()
        )


@dataclass(frozen=True, slots=True)
class StressRow:
    """A run in the list.

    Attributes:
        run: As it is stored.
        view: What it shows; None where that cannot be read.
    """

    run: StoredRun
    view: StressView | None

    @classmethod
    def of(cls, run: StoredRun) -> Self:
        """Return the row of a run."""
        try:
            return cls(run, StressView.of(run))
        except ReportError:
            return cls(run, None)
