"""Taking times in turns, and what is reported of them."""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from statistics import median, quantiles

__all__ = ["Row", "Spread", "in_turns", "timed"]


@dataclass(frozen=True, slots=True)
class Spread:
    """Percentiles of a list of figures, in the unit of the figures."""

    p50: float
    p99: float
    runs: int

    @classmethod
    def of(cls, figures: list[float]) -> "Spread":
        """The spread of at least one figure."""
        p99 = quantiles(figures, n=100)[98] if len(figures) > 1 else figures[0]
        return cls(median(figures), p99, len(figures))


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the report.

    Attributes:
        group: heading it stands under.
        name: what was measured.
        ours, other: figures side by side, as text with units.
        verdict: ratio or difference, as text.
        target: what the design asks for; empty if it asks for nothing.
        met: whether the target is met; None without a target.
        figures: everything behind the text, for the JSON file.
    """

    group: str
    name: str
    ours: str
    other: str
    verdict: str
    target: str = ""
    met: bool | None = None
    figures: Mapping[str, object] | None = None

    def as_json(self) -> dict[str, object]:
        """The row as the JSON file holds it."""
        return asdict(self)


def in_turns(
    works: Mapping[str, Callable[[], object]], rounds: int, *, warm_up: int = 3, at_once: int = 1
) -> dict[str, Spread]:
    """Times the pieces of work by turns, one after the other.

    Args:
        works: by name. One that returns a float has timed itself, in seconds.
        rounds: how many turns each one has.
        warm_up: turns before that, which do not count.
        at_once: how often it is timed in one turn. Work of different processes finds the caches
            full of the other's data when its turn comes; more at once is closer to real use.

    Returns:
        Seconds, by name.
    """
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for number in range(warm_up + rounds):
        for name, work in works.items():
            taken = [timed(work) for _ in range(at_once)]
            if number >= warm_up:
                seconds[name] += taken
    return {name: Spread.of(each) for name, each in seconds.items()}


def timed(work: Callable[[], object]) -> float:
    """Seconds that a piece of work takes; what it returns if that is a float, as above."""
    start = time.perf_counter()
    own = work()
    return own if isinstance(own, float) else time.perf_counter() - start
