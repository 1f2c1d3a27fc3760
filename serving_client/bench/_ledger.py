"""One load under way: what is to be called next, and what came of what was."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from serving_client._values import Timings
from serving_client.bench._pacing import Due, Pacer
from serving_client.bench._plan import Plan
from serving_client.bench._recording import Column, Recording, Samples, counted_errors

__all__ = ["Ledger", "Progress"]


@dataclass(frozen=True, slots=True, eq=False)
class Progress:
    """How far a load is.

    Attributes:
        now_s: seconds since the measurement began; negative during warm-up.
        answered, failed: calls until now.
    """

    now_s: float
    answered: int
    failed: int
    _callers: Sequence[Samples] = field(default=(), repr=False)

    def latency_s(self) -> Column:
        """From when each call was due to its answer, float64 [N], of all answered ones."""
        return np.concatenate([np.zeros(0), *(each.latency_s() for each in self._callers)])

    def errors(self) -> Mapping[str, int]:
        """How many calls failed, by the name of the status."""
        return counted_errors(self._callers)


class Ledger:
    """Keeps the books of a load, for callers of any kind. Safe to use from many threads.

    Args:
        plan: what load.
        clock: in seconds, from any zero.

    Attributes:
        callers: what each caller saw.
    """

    def __init__(self, plan: Plan, clock: Callable[[], float]) -> None:
        self._plan = plan
        self._clock = clock
        self._pacer = Pacer(plan)
        self._zero = clock() + plan.warm_up_s
        self._cut_s: float | None = None
        self._cut = threading.Lock()
        self.callers = [Samples() for _ in range(plan.concurrency)]

    @property
    def now_s(self) -> float:
        """Seconds since the measurement began."""
        return self._clock() - self._zero

    @property
    def is_cut_short(self) -> bool:
        """Whether no more calls shall begin."""
        return self._cut_s is not None

    def cut_short(self) -> None:
        """Lets no more calls begin; failures from now on do not count."""
        with self._cut:
            if self._cut_s is None:
                self._cut_s = max(0.0, self.now_s)

    def next(self) -> Due | None:
        """The next call; None if there are no more."""
        return None if self.is_cut_short else self._pacer.next(self.now_s)

    def answered(self, samples: Samples, due: Due, sent_s: float, timings: Timings) -> None:
        """Notes a call that was answered just now."""
        if due.at_s >= 0:
            samples.answered(due.at_s, sent_s, self.now_s, timings)

    def failed(self, samples: Samples, due: Due, error: Exception) -> None:
        """Notes a call that failed just now."""
        if due.at_s >= 0 and not self.is_cut_short:
            samples.failed(self.now_s, error)

    def progress(self) -> Progress:
        """How far the load is."""
        answered = sum(len(each.done_s) for each in self.callers)
        failed = sum(len(each.errors) for each in self.callers)
        return Progress(self.now_s, answered, failed, self.callers)

    def recording(self) -> Recording:
        """What came of the load, once all callers are done."""
        end_s = self._plan.duration_s if self._cut_s is None else self._cut_s
        if self._cut_s is None and self._pacer.is_counted_out:
            end_s = None
        return Recording.of(
            self.callers,
            end_s=end_s,
            unsent=0 if end_s is None else self._pacer.unsent(end_s),
            is_cut_short=self.is_cut_short,
        )
