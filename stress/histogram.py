"""How often answers took how long, in buckets that grow evenly on a logarithmic scale."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["BUCKETS_PER_DECADE", "Histogram"]

BUCKETS_PER_DECADE = 8
"""A bucket ends a third above where it begins."""
_FIRST_S = 1e-4
_DECADES = 7


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts of latencies, by the bucket that each is in.

    Attributes:
        first: The first bucket that holds something, from 0 on; bucket 0 begins at 0.1 ms, and
            holds what is faster, too.
        counts: Of that bucket and those after it, up to the last one that holds something.

    Examples:
        >>> fast, slow = Histogram.of([0.010, 0.011]), Histogram.of([0.100])
        >>> (fast + slow).total
        3
    """

    first: int = 0
    counts: tuple[int, ...] = ()

    @classmethod
    def of(cls, latency_s: NDArray[np.float64] | Sequence[float]) -> Self:
        """Count latencies, which are in seconds."""
        times = np.asarray(latency_s, np.float64)
        if not times.size:
            return cls()
        decades = np.log10(np.maximum(times, _FIRST_S) / _FIRST_S)
        # The tiny addition keeps a time that is exactly an edge in the bucket it begins.
        places = np.floor(decades * BUCKETS_PER_DECADE + 1e-9)
        last = _DECADES * BUCKETS_PER_DECADE - 1
        counts = np.bincount(np.minimum(places, last).astype(int))
        first = int(np.argmax(counts > 0))
        return cls(first, tuple(counts[first:].tolist()))

    def __add__(self, other: "Histogram") -> "Histogram":
        """Return both together."""
        if not (self.counts and other.counts):
            return self if self.counts else other
        first = min(self.first, other.first)
        counts = np.zeros(max(each.first + len(each.counts) for each in (self, other)) - first, int)
        for each in (self, other):
            counts[each.first - first :][: len(each.counts)] += each.counts
        return Histogram(first, tuple(counts.tolist()))

    @property
    def total(self) -> int:
        """How many there are."""
        return sum(self.counts)

    def place_of(self, latency_s: float) -> float:
        """Return where a latency lies, in buckets from the beginning of the first one."""
        decades = math.log10(max(latency_s, _FIRST_S) / _FIRST_S)
        return decades * BUCKETS_PER_DECADE - self.first

    @property
    def edges_s(self) -> tuple[float, ...]:
        """Where buckets begin, and where the last one ends, in seconds."""
        return tuple(edge_s(self.first + place) for place in range(len(self.counts) + 1))

    def to_fields(self) -> dict[str, Any]:
        """Return it as JSON holds it, with the edges for readers of other programs."""
        edges = [float(f"{edge:.4g}") for edge in self.edges_s] if self.counts else []
        return {"first": self.first, "counts": list(self.counts), "edges_s": edges}

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Self:
        """Return the histogram of :meth:`to_fields`."""
        return cls(int(fields["first"]), tuple(int(count) for count in fields["counts"]))


def edge_s(place: int) -> float:
    """Return where a bucket begins, in seconds.

    Examples:
        >>> [round(edge_s(place), 6) for place in (0, 8, 9)]
        [0.0001, 0.001, 0.001334]
    """
    return _FIRST_S * math.pow(10, place / BUCKETS_PER_DECADE)
