"""A run: one load after the other, to the last one, unless it is stopped or gives up."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from serving_client import ServingError, Timings
from serving_client.bench import Progress, load_with_threads
from stress.plan import StressPlan
from stress.step import Step

__all__ = ["Call", "End", "Live", "Outcome", "StressRun"]

Call = Callable[[int], Timings]
"""Makes the call of a number, and says where its time went; raises `ServingError` if it fails."""

# A target that refuses at once is not to be asked as fast as threads can.
_PAUSE_S = 0.05
_HOPELESS_SHARE = 0.5


class End(StrEnum):
    """How a run ended.

    ``COMPLETE`` made all steps. ``STOPPED`` was stopped by somebody. ``GAVE_UP`` left out the steps
    after one of which half or more was lost. ``BROKEN`` met an error that should not happen, or
    the process ended under it.
    """

    COMPLETE = "complete"
    STOPPED = "stopped"
    GAVE_UP = "gave_up"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Live:
    """How far a run is.

    Attributes:
        steps: Those that are over.
        now: The step that goes on, with its figures so far.
        is_warming_up: Whether its measurement has yet to begin.
        share: How much of the run is over, 0..1.
    """

    steps: tuple[Step, ...]
    now: Step
    is_warming_up: bool
    share: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run.

    Attributes:
        steps: Those that were made; the last one may have been cut short.
        end: How it ended.
    """

    steps: tuple[Step, ...]
    end: End


class StressRun:
    """Puts loads on a target.

    Args:
        plan: Which.
        call: Makes one call; used by many threads.
        on_progress: Told a few times a second.
        on_stop: Ends the calls in flight, when the run is stopped.
    """

    def __init__(
        self,
        plan: StressPlan,
        call: Call,
        *,
        on_progress: Callable[[Live], object] = lambda _: None,
        on_stop: Callable[[], object] = lambda: None,
    ) -> None:
        self._plan = plan
        self._call = call
        self._on_progress = on_progress
        self._on_stop = on_stop
        self._stopping = threading.Event()
        self._steps: list[Step] = []

    def stop(self) -> None:
        """Have the run end soon, from any thread, and more than once."""
        self._stopping.set()

    def go(self) -> Outcome:
        """Make the steps; Ctrl-C stops them, too.

        Raises:
            Exception: What ``call`` raised that is no `ServingError`.
        """
        for load in self._plan.loads:
            if self._stopping.is_set():
                return self._outcome(End.STOPPED)
            step = self._step(load)
            self._steps.append(step)
            if step.is_cut_short:
                return self._outcome(End.STOPPED)
            if step.lost_share >= _HOPELESS_SHARE and load != self._plan.loads[-1]:
                return self._outcome(End.GAVE_UP)
        return self._outcome(End.COMPLETE)

    def _step(self, load: float) -> Step:
        recording = load_with_threads(
            self._plan.step(load),
            self._patiently,
            on_progress=partial(self._tell, load),
            on_interrupt=self._on_stop,
            is_stopped=self._stopping.is_set,
        )
        return Step.of(load, recording)

    def _patiently(self, number: int) -> Timings:
        try:
            return self._call(number)
        except ServingError:
            self._stopping.wait(_PAUSE_S)
            raise

    def _tell(self, load: float, progress: Progress) -> None:
        now = Step.so_far(load, progress)
        part = (progress.now_s + self._plan.warm_up_s) / (self._plan.step_s + self._plan.warm_up_s)
        share = (len(self._steps) + min(max(part, 0.0), 1.0)) / len(self._plan.loads)
        self._on_progress(Live(tuple(self._steps), now, progress.now_s < 0, share))

    def _outcome(self, end: End) -> Outcome:
        return Outcome(tuple(self._steps), end)
