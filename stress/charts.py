"""What a run looks like: SVG that takes its colours from the page it stands in."""

import math
from collections.abc import Sequence

from serving_client.bench import Axis, Chart
from stress.histogram import Histogram
from stress.knee import Knee
from stress.report import milliseconds
from stress.step import Step

__all__ = ["histogram_chart", "latency_chart", "throughput_chart"]

# Few buckets would make bars as wide as doors, and a picture that jumps while it grows.
_BUCKETS_MIN = 12
_TICKS_MAX = 8
_HEADROOM = 1.15  # above the bars, for the words beside the flag
_LINES = (("p50", "p50_s"), ("p95", "p95_s"), ("p99", "p99_s"))


def histogram_chart(histogram: Histogram, p95_s: float = math.nan) -> str:
    """Draw how often answers took how long.

    Args:
        histogram: At least one answer.
        p95_s: Their 95th percentile, in seconds, to be marked; NaN for none.
    """
    wide = _widened(histogram)
    edges = wide.edges_s
    every = math.ceil(len(edges) / _TICKS_MAX)
    ticks = [
        (float(place), milliseconds(edge)) for place, edge in enumerate(edges) if place % every == 0
    ]
    chart = Chart(
        "Answers by latency",
        Axis("latency, each bar a third longer than the one before", ticks, len(wide.counts)),
        Axis.up_to(_HEADROOM * max(wide.counts), "answers"),
    )
    chart.bars([(place + 0.5, count) for place, count in enumerate(wide.counts)], 1.0)
    if not math.isnan(p95_s):
        chart.flag(wide.place_of(p95_s), f"p95 {milliseconds(p95_s)}")
    return chart.to_svg()


def throughput_chart(steps: Sequence[Step], unit: str, knee: Knee | None) -> str:
    """Draw answers a second over the load.

    Args:
        steps: At least one with answers.
        unit: What a load is a number of.
        knee: Where to put the flag.
    """
    highest = max(step.per_s for step in steps)
    chart = Chart("Throughput by load", _loads(steps, unit), Axis.up_to(highest, "answers / s"))
    points = [(place + 0.5, step.per_s) for place, step in enumerate(steps)]
    chart.line(points, "answers a second")
    chart.dots(points)
    return _flagged(chart, steps, knee)


def latency_chart(steps: Sequence[Step], unit: str, knee: Knee | None) -> str:
    """Draw percentiles of latency over the load; see :func:`throughput_chart`."""
    answered = [(place, step.latency) for place, step in enumerate(steps) if step.answered]
    highest = max(latency.p99_s for _, latency in answered)
    chart = Chart("Latency by load", _loads(steps, unit), Axis.up_to(1000 * highest, "ms"))
    for name, field in _LINES:
        points = [(place + 0.5, 1000 * getattr(latency, field)) for place, latency in answered]
        chart.line(points, name)
        chart.dots(points)
    return _flagged(chart, steps, knee)


def _widened(histogram: Histogram) -> Histogram:
    missing = max(_BUCKETS_MIN - len(histogram.counts), 0)
    before = min(missing // 2, histogram.first)
    counts = (0,) * before + histogram.counts + (0,) * (missing - before)
    return Histogram(histogram.first - before, counts)


def _loads(steps: Sequence[Step], unit: str) -> Axis:
    ticks = [(place + 0.5, f"{step.load:g}") for place, step in enumerate(steps)]
    return Axis(unit, ticks, len(steps))


def _flagged(chart: Chart, steps: Sequence[Step], knee: Knee | None) -> str:
    if knee is not None:
        place = [step.load for step in steps].index(knee.load)
        chart.flag(place + 0.5, "knee")
    return chart.to_svg()
