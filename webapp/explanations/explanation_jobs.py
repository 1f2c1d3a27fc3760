"""Explanations of detections, worked on one after the other in the background.

They take minutes, so they are asked for, waited for and fetched. They are kept in memory only: what
a process has worked out is gone when it ends, and is worked out again when it is asked for again.
"""

import logging
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from threading import Condition, Thread

from vision import HeatMap
from webapp.exceptions import TooManyExplanationsError, UnknownExplanationError
from webapp.failures import Failure, FailureKind
from webapp.storage.originals import random_id

_log = logging.getLogger(__name__)
_REMEMBERED = 100
_JOIN_S = 30.0


class JobState(StrEnum):
    """The stations of an explanation's life."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


_OVER = frozenset({JobState.DONE, JobState.FAILED, JobState.CANCELLED})


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be explained.

    Attributes:
        result_id: A result of a detector.
        detection: Which of its detections, counted from 0, the most certain first.
        label: The name of that object.
    """

    result_id: str
    detection: int
    label: str


@dataclass(frozen=True, slots=True)
class Job:
    """How far an explanation is.

    Attributes:
        id: 32 hexadecimal digits, made at random.
        question: What is to be explained.
        state: Where it stands.
        progress: How much of the work is done, 0..1.
        failure: Why there is no explanation, where it failed.
        heat_map: The explanation, once it is done.
    """

    id: str
    question: Question
    state: JobState = JobState.WAITING
    progress: float = 0.0
    failure: Failure | None = None
    heat_map: HeatMap | None = field(default=None, repr=False)

    @property
    def is_over(self) -> bool:
        """Whether nothing will change any more."""
        return self.state in _OVER


OnProgress = Callable[[float], None]
Work = Callable[[Question, OnProgress], HeatMap | Failure]


class _CancelledError(Exception):
    """Nobody wants the explanation any more."""


class ExplanationJobs:
    """A line of questions, and one thread that works them off.

    Args:
        work: Answers a question, and tells how far it is; what this raises in it must end it.
        waiting_max: How many may wait while one is worked on.
    """

    def __init__(self, work: Work, *, waiting_max: int) -> None:
        self._work = work
        self._waiting_max = waiting_max
        self._changed = Condition()
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._waiting: deque[str] = deque()
        self._thread: Thread | None = None
        self._is_closed = False

    def ask(self, question: Question) -> Job:
        """Stand in line with a question, or return the job that has it already.

        Raises:
            TooManyExplanationsError: The line is full.
        """
        with self._changed:
            known = self._known(question)
            if known is not None:
                return known
            if len(self._waiting) >= self._waiting_max or self._is_closed:
                raise TooManyExplanationsError
            job = Job(random_id(), question)
            self._jobs[job.id] = job
            self._waiting.append(job.id)
            self._forget_old()
            self._start()
            self._changed.notify_all()
            return job

    def get(self, job_id: str) -> Job:
        """Return how far a job is.

        Raises:
            UnknownExplanationError: There is none of that id, or none any more.
        """
        with self._changed:
            job = self._jobs.get(job_id)
        if job is None:
            raise UnknownExplanationError
        return job

    def wait(self, job_id: str, timeout_s: float) -> Job:
        """Return how far a job is as soon as it is over, or when the time is.

        Raises:
            UnknownExplanationError: There is none of that id, or none any more.
        """
        with self._changed:
            self._changed.wait_for(lambda: self.get(job_id).is_over, timeout_s)
        return self.get(job_id)

    def cancel(self, job_id: str) -> Job:
        """Have nobody work on a job any more; one that is over stays as it is.

        Raises:
            UnknownExplanationError: There is none of that id, or none any more.
        """
        with self._changed:
            job = self.get(job_id)
            if not job.is_over:
                job = self._set(replace(job, state=JobState.CANCELLED))
            return job

    def stop(self) -> None:
        """Cancel all jobs, and take no more."""
        with self._changed:
            self._is_closed = True
            for job_id in [job.id for job in self._jobs.values() if not job.is_over]:
                self.cancel(job_id)
            self._changed.notify_all()

    def join(self) -> None:
        """Wait, after :meth:`stop`, until nobody works any more."""
        if self._thread is not None:
            self._thread.join(_JOIN_S)

    def _known(self, question: Question) -> Job | None:
        useless = {JobState.FAILED, JobState.CANCELLED}
        for job in self._jobs.values():
            if job.question == question and job.state not in useless:
                return job
        return None

    def _forget_old(self) -> None:
        over = [job.id for job in self._jobs.values() if job.is_over]
        for job_id in over[: max(len(over) - _REMEMBERED, 0)]:
            del self._jobs[job_id]

    def _start(self) -> None:
        """Start the thread with the first question, so after any fork."""
        if self._thread is None:
            self._thread = Thread(target=self._run, name="explanations", daemon=True)
            self._thread.start()

    def _set(self, job: Job) -> Job:
        with self._changed:
            self._jobs[job.id] = job
            if job.is_over and job.id in self._waiting:
                self._waiting.remove(job.id)
            self._changed.notify_all()
        return job

    def _run(self) -> None:
        while (job := self._next()) is not None:
            try:
                self._finish(job.id, self._work(job.question, self._reporter(job.id)))
            except _CancelledError:
                _log.info("explanation %s was cancelled", job.id)
            except Exception:  # noqa: BLE001  the edge of a thread: the next one gets its turn
                _log.exception("explanation %s failed", job.id)
                sentence = "This should not have happened, and it is in the log now."
                self._finish(job.id, Failure(FailureKind.UNEXPECTED, sentence))

    def _next(self) -> Job | None:
        """Wait for a question and begin it; None where there will not be any."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._is_closed)
            if self._is_closed:
                return None
            job = self._jobs[self._waiting.popleft()]
            return self._set(replace(job, state=JobState.RUNNING))

    def _reporter(self, job_id: str) -> OnProgress:
        def report(progress: float) -> None:
            with self._changed:
                job = self.get(job_id)
                if job.state is not JobState.RUNNING:
                    raise _CancelledError
                self._set(replace(job, progress=min(max(progress, 0.0), 1.0)))

        return report

    def _finish(self, job_id: str, outcome: HeatMap | Failure) -> None:
        with self._changed:
            job = self.get(job_id)
            if job.is_over:
                return
            if isinstance(outcome, HeatMap):
                job = replace(job, state=JobState.DONE, progress=1.0, heat_map=outcome)
            else:
                job = replace(job, state=JobState.FAILED, failure=outcome)
            self._set(job)
