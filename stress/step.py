"""What came of one load."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from serving_client.bench import Percentiles, Progress, Recording, Summary
from stress.histogram import Histogram

__all__ = ["Step"]


@dataclass(frozen=True, slots=True)
class Step:
    """What came of one load.

    Attributes:
        load: Callers, or calls due a second.
        answered: Calls.
        failed: Calls.
        unsent: Calls of an open loop that were due and never sent, because all callers were busy.
        errors: Failed calls by their kind, the most frequent first.
        window_s: How long was measured, in seconds.
        per_s: Answers a second.
        latency: From when a call was due to its answer; all NaN where there was none.
        histogram: Of the same.
        is_cut_short: Whether it was ended before its time.
    """

    load: float
    answered: int
    failed: int
    unsent: int
    errors: Mapping[str, int]
    window_s: float
    per_s: float
    latency: Percentiles
    histogram: Histogram
    is_cut_short: bool = False

    @classmethod
    def of(cls, load: float, recording: Recording) -> Self:
        """Return the figures of a recording."""
        summary = Summary.of(recording)
        return cls(
            load=load,
            answered=summary.answered,
            failed=summary.failed,
            unsent=summary.unsent,
            errors=summary.errors,
            window_s=summary.window_s,
            per_s=summary.per_s,
            latency=summary.latency,
            histogram=Histogram.of(recording.latency_s),
            is_cut_short=summary.is_cut_short,
        )

    @classmethod
    def so_far(cls, load: float, progress: Progress) -> Self:
        """Return the figures of a load that goes on."""
        times = progress.latency_s()
        now_s = max(progress.now_s, 0.0)
        errors = progress.errors()
        return cls(
            load=load,
            answered=times.size,
            failed=sum(errors.values()),
            unsent=0,
            errors=dict(sorted(errors.items(), key=lambda error: -error[1])),
            window_s=now_s,
            per_s=times.size / now_s if now_s else 0.0,
            latency=Percentiles.of(times),
            histogram=Histogram.of(times),
            is_cut_short=True,
        )

    @property
    def lost_share(self) -> float:
        """Which share of the calls that were due failed or was never sent, 0..1."""
        lost = self.failed + self.unsent
        return lost / (self.answered + lost) if lost else 0.0

    def to_fields(self) -> dict[str, Any]:
        """Return it as JSON holds it; figures that there are none of are null."""
        latency = {
            name: None if math.isnan(value) else round(value, 6)
            for name, value in asdict(self.latency).items()
        }
        return {
            "load": self.load,
            "answered": self.answered,
            "failed": self.failed,
            "unsent": self.unsent,
            "errors": dict(self.errors),
            "window_s": round(self.window_s, 3),
            "per_s": round(self.per_s, 3),
            "latency": latency,
            "histogram": self.histogram.to_fields(),
            "is_cut_short": self.is_cut_short,
        }

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Self:
        """Return the step of :meth:`to_fields`."""
        latency = {
            name: math.nan if value is None else value for name, value in fields["latency"].items()
        }
        return cls(
            **{
                **fields,
                "latency": Percentiles(**latency),
                "histogram": Histogram.from_fields(fields["histogram"]),
            }
        )
