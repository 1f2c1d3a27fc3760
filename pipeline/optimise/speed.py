"""How long calls take: in rounds, so that whatever else the machine does meets all alike."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any, Self

import numpy as np

Call = Callable[[], Any]
"""A call of a model, with a picture chosen already."""

_ROUND = 10
"""Calls in a row of one model before the next one's turn."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Some calls in a row.

    Attributes:
        seconds: What each took, by the clock.
        cpu: Processor time of this process for all of them, in seconds.
    """

    seconds: tuple[float, ...]
    cpu: float


@dataclass(frozen=True, slots=True)
class Latency:
    """What half and what nearly all calls stay below, in seconds.

    Attributes:
        p50: The median.
        p99: The 99th percentile, between two calls in proportion.
        cpu: Processor time of this process, all threads together, that a call takes; the median
            over the turns. Other work on the machine changes it little.
    """

    p50: float
    p99: float
    cpu: float

    @classmethod
    def of(cls, turns: Sequence[Turn]) -> Self:
        """Return the percentiles of at least one turn.

        >>> Latency.of([Turn((0.25, 0.75), 0.8)])
        Latency(p50=0.5, p99=0.745, cpu=0.4)
        """
        seconds = [each for turn in turns for each in turn.seconds]
        p50, p99 = np.percentile(seconds, [50, 99]).tolist()
        return cls(p50, p99, statistics.median(turn.cpu / len(turn.seconds) for turn in turns))


def latencies(
    calls: Mapping[str, Sequence[Call]],
    count: int,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, Latency]:
    """Call models one after the other, a few times each, in turn.

    Args:
        calls: By model, a call for each picture; they are made again from the first after the
            last.
        count: How many calls of each are timed, at least 1; a few more come first.
        clock: Seconds since some moment.

    Returns:
        By model.
    """
    endless = {name: cycle(each) for name, each in calls.items()}
    for each in endless.values():
        _timed(each, min(_ROUND, count), clock)
    turns: dict[str, list[Turn]] = {name: [] for name in calls}
    for start in range(0, count, _ROUND):
        for name, each in endless.items():
            turns[name].append(_timed(each, min(_ROUND, count - start), clock))
    return {name: Latency.of(each) for name, each in turns.items()}


def _timed(calls: Any, count: int, clock: Callable[[], float]) -> Turn:
    seconds = []
    cpu_before = time.process_time()
    for call in islice(calls, count):
        started = clock()
        call()
        seconds.append(clock() - started)
    return Turn(tuple(seconds), time.process_time() - cpu_before)


def throughput(
    callers: Sequence[Sequence[Call]],
    count: int,
    clock: Callable[[], float] = time.perf_counter,
) -> float:
    """Return how many calls a second are answered when several callers ask at the same time.

    Args:
        callers: For each, who has a thread of its own, its calls, made over and over.
        count: Calls of each, at least 1; a call of each comes first.
        clock: Seconds since some moment.
    """

    def ask(calls: Sequence[Call]) -> None:
        for call in islice(cycle(calls), count):
            call()

    for calls in callers:
        calls[0]()
    with ThreadPoolExecutor(len(callers)) as threads:
        started = clock()
        for _ in threads.map(ask, callers):
            pass
        return len(callers) * count / (clock() - started)
