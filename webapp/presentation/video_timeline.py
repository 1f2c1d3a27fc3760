"""What a video shows over time, as the geometry of a chart: a lane for each class."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from typing import Self

WIDTH, HEIGHT = 1000.0, 40.0
"""Size of the drawing of a lane; a page stretches it to any width."""
_HEADROOM = 3.0
_MARK_MIN = 2.0
# A screen has no more columns to show, and a table of more rows nobody reads.
_STEPS_MAX = 400
_TICKS_MAX = 8
_TICK_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)


@dataclass(frozen=True, slots=True)
class Look:
    """How much of what was seen at one sampled moment.

    Attributes:
        moment_s: When, in seconds from the start of the video.
        counts: Objects by label; labels of which there are none may be left out.
    """

    moment_s: float
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Step:
    """A part of the video through which the counts stay the same.

    Attributes:
        from_s: Where it begins, in seconds.
        to_s: Where it ends.
        moment_s: The first moment in it that was looked at.
        counts: Objects by label; with several looks in it, the most that one of them saw.
    """

    from_s: float
    to_s: float
    moment_s: float
    counts: Mapping[str, int]

    def count(self, label: str) -> int:
        """Return how many objects of a label there are."""
        return self.counts.get(label, 0)


@dataclass(frozen=True, slots=True)
class Lane:
    """One class over time.

    Attributes:
        label: Its name.
        most: How many of it are seen at once, at most.
        first_s: The first moment that shows it, in seconds.
        seen_s: For how long it is seen, in seconds.
        line: The count over time as a path of SVG, in a drawing of ``WIDTH`` and ``HEIGHT``.
        area: The same, closed along the lower edge.
    """

    label: str
    most: int
    first_s: float
    seen_s: float
    line: str
    area: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A part of the video in which something is seen: its place in a drawing of ``WIDTH``."""

    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Tick:
    """A moment on the time axis.

    Attributes:
        moment_s: When, in seconds.
        percent: Its place, 0..100.
    """

    moment_s: float
    percent: float


@dataclass(frozen=True, slots=True)
class Timeline:
    """A video's objects over time.

    Attributes:
        duration_s: Length of the time axis, in seconds; more than 0.
        steps: Parts with the same counts, in order, without those that nobody looked at.
        lanes: A lane for each label, the one that is seen longest first.
        marks: Where anything is seen at all.
        ticks: The moments that the time axis names.
    """

    duration_s: float
    steps: tuple[Step, ...]
    lanes: tuple[Lane, ...]
    marks: tuple[Mark, ...]
    ticks: tuple[Tick, ...]

    @classmethod
    def of(cls, looks: Sequence[Look], *, duration_s: float | None, step_s: float) -> Self:
        """Draw what was seen.

        Each look speaks for the time around it: half the way to the next one, and never further
        than ``step_s``, as the boxes over the playing video do.

        Args:
            looks: What was seen, in order of time.
            duration_s: Length of the video in seconds; None where its file does not say.
            step_s: How far two looks are apart, in seconds, more than 0.

        Examples:
            >>> looks = [Look(0.0, {"dog": 1}), Look(1.0, {"dog": 2}), Look(2.0, {})]
            >>> timeline = Timeline.of(looks, duration_s=3.0, step_s=1.0)
            >>> [(step.from_s, step.to_s, step.count("dog")) for step in timeline.steps]
            [(0.0, 0.5, 1), (0.5, 1.5, 2), (1.5, 3.0, 0)]
            >>> lane = timeline.lanes[0]
            >>> lane.label, lane.most, lane.first_s, lane.seen_s
            ('dog', 2, 0.0, 1.5)
        """
        last_s = looks[-1].moment_s + step_s if looks else step_s
        end_s = duration_s if duration_s and duration_s > 0 else last_s
        steps = tuple(_merged(tuple(_thinned(tuple(_steps(looks, end_s, step_s))))))
        labels = {label for step in steps for label in step.counts}
        lanes = sorted(
            (_lane(label, steps, end_s) for label in labels),
            key=lambda lane: (-lane.seen_s, lane.label),
        )
        return cls(end_s, steps, tuple(lanes), tuple(_marks(steps, end_s)), tuple(_ticks(end_s)))


def _steps(looks: Sequence[Look], end_s: float, step_s: float) -> Iterator[Step]:
    """Yield the part of the video that each look speaks for."""
    starts = [max(looks[0].moment_s - step_s, 0.0)] if looks else []
    ends = []
    for before, after in pairwise(look.moment_s for look in looks):
        # Written once, so that neighbours meet exactly.
        middle = (before + after) / 2
        ends.append(min(middle, before + step_s))
        starts.append(max(middle, after - step_s))
    ends.extend(look.moment_s + step_s for look in looks[-1:])
    for look, start_s, finish_s in zip(looks, starts, ends, strict=True):
        if start_s < min(finish_s, end_s):
            counts = {name: count for name, count in look.counts.items() if count}
            yield Step(start_s, min(finish_s, end_s), look.moment_s, counts)


def _thinned(steps: Sequence[Step]) -> Iterator[Step]:
    """Join neighbours where there are more of them than anybody can tell apart."""
    size = max(-(-len(steps) // _STEPS_MAX), 1)
    for start in range(0, len(steps), size):
        group = steps[start : start + size]
        labels = sorted({label for step in group for label in step.counts})
        counts = {label: max(step.count(label) for step in group) for label in labels}
        yield replace(group[0], to_s=group[-1].to_s, counts=counts)


def _merged(steps: Sequence[Step]) -> Iterator[Step]:
    """Join neighbours that have the same counts."""
    for run in _runs(steps):
        for _, group in groupby(run, key=lambda step: step.counts):
            same = list(group)
            yield replace(same[0], to_s=same[-1].to_s)


def _runs(steps: Sequence[Step]) -> Iterator[Sequence[Step]]:
    """Yield the steps in groups that hold together without a gap."""
    start = 0
    for index, (before, after) in enumerate(pairwise(steps), start=1):
        if before.to_s != after.from_s:
            yield steps[start:index]
            start = index
    if steps:
        yield steps[start:]


def _lane(label: str, steps: Sequence[Step], end_s: float) -> Lane:
    seen = [step for step in steps if step.count(label)]
    most = max(step.count(label) for step in seen)
    tops = [_top(label, run, end_s, most) for run in _runs(steps)]
    return Lane(
        label=label,
        most=most,
        first_s=seen[0].moment_s,
        seen_s=sum(step.to_s - step.from_s for step in seen),
        line=" ".join(f"M{top}" for top in tops),
        area=" ".join(f"M{top.partition(' ')[0]} {HEIGHT:g} L{top} V{HEIGHT:g} Z" for top in tops),
    )


def _top(label: str, run: Sequence[Step], end_s: float, most: int) -> str:
    """Return the upper edge of a run as the coordinates of its start and the ways from there."""
    heights = [_y(step.count(label), most) for step in run]
    ways = (f"V{y:g} H{_x(step.to_s, end_s):g}" for step, y in zip(run, heights, strict=True))
    return f"{_x(run[0].from_s, end_s):g} {heights[0]:g} {' '.join(ways)}"


def _marks(steps: Sequence[Step], end_s: float) -> Iterator[Mark]:
    for run in _runs([step for step in steps if step.counts]):
        x, end = _x(run[0].from_s, end_s), _x(run[-1].to_s, end_s)
        yield Mark(x, round(max(end - x, _MARK_MIN), 2))


def _ticks(end_s: float) -> Iterator[Tick]:
    step_s = next((each for each in _TICK_STEPS_S if end_s / each <= _TICKS_MAX), end_s)
    for index in range(int(end_s / step_s) + 1):
        yield Tick(index * step_s, round(index * step_s / end_s * 100, 3))


def _x(moment_s: float, end_s: float) -> float:
    return round(moment_s / end_s * WIDTH, 2)


def _y(count: int, most: int) -> float:
    return round(HEIGHT - count / most * (HEIGHT - _HEADROOM), 2)
