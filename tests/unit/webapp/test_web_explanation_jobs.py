"""The line of explanations: one at a time, few waiting, and none that cannot be ended."""

from collections.abc import Callable, Iterator
from threading import Event

import numpy as np
import pytest

from vision import HeatMap
from webapp.exceptions import TooManyExplanationsError, UnknownExplanationError
from webapp.explanations.explanation_jobs import (
    ExplanationJobs,
    Job,
    JobState,
    OnProgress,
    Question,
)
from webapp.failures import Failure, FailureKind

WAIT_S = 30.0
HEAT = HeatMap(np.ones((1, 1), np.float32))
FAILURE = Failure(FailureKind.TOO_SLOW, "Too slow.")


class Worker:
    """Work that goes on when a test says so."""

    def __init__(self) -> None:
        self.begun: list[Question] = []
        self.has_begun = Event()
        self.may_go_on = Event()
        self.answer: Callable[[], HeatMap | Failure] = lambda: HEAT

    def __call__(self, question: Question, on_progress: OnProgress) -> HeatMap | Failure:
        self.begun.append(question)
        on_progress(0.25)
        self.has_begun.set()
        assert self.may_go_on.wait(WAIT_S)
        on_progress(0.75)
        return self.answer()


@pytest.fixture
def worker() -> Worker:
    return Worker()


@pytest.fixture
def jobs(worker: Worker) -> Iterator[ExplanationJobs]:
    jobs = ExplanationJobs(worker, waiting_max=2)
    yield jobs
    worker.may_go_on.set()
    jobs.stop()
    jobs.join()


@pytest.fixture
def running(jobs: ExplanationJobs, worker: Worker) -> Job:
    """A job that is being worked on."""
    job = jobs.ask(Question("a", 0, "dog"))
    assert worker.has_begun.wait(WAIT_S)
    return job


def test_job_goes_from_waiting_to_done(jobs: ExplanationJobs, worker: Worker, running: Job) -> None:
    """Progress can be watched, and the explanation is there at the end."""
    halfway = jobs.get(running.id)
    worker.may_go_on.set()

    done = jobs.wait(running.id, WAIT_S)

    assert (running.state, running.progress) == (JobState.WAITING, 0.0)
    assert (halfway.state, halfway.progress) == (JobState.RUNNING, 0.25)
    assert (done.state, done.progress, done.heat_map) == (JobState.DONE, 1.0, HEAT)


def test_line_is_worked_off_in_order(jobs: ExplanationJobs, worker: Worker, running: Job) -> None:
    """One is worked on at a time, and who came first comes first."""
    questions = [Question("b", 0, "dog"), Question("c", 0, "cat")]
    waiting = [jobs.ask(question) for question in questions]
    states = [jobs.get(job.id).state for job in waiting]
    worker.may_go_on.set()

    ends = [jobs.wait(job.id, WAIT_S).state for job in (running, *waiting)]

    assert states == [JobState.WAITING] * 2
    assert ends == [JobState.DONE] * 3
    assert worker.begun == [running.question, *questions]


def test_full_line_takes_no_more(jobs: ExplanationJobs, running: Job) -> None:
    """Beyond one that runs and two that wait, asking is refused, except for what is in line."""
    known = [jobs.ask(Question("b", index, "dog")) for index in range(2)]

    with pytest.raises(TooManyExplanationsError):
        jobs.ask(Question("b", 2, "dog"))

    assert jobs.ask(Question("b", 1, "dog")).id == known[1].id
    assert jobs.ask(running.question).id == running.id


def test_same_question_is_answered_once(
    jobs: ExplanationJobs, worker: Worker, running: Job
) -> None:
    """Who asks again gets what is known; after a failure the work begins anew."""
    worker.answer = lambda: FAILURE
    worker.may_go_on.set()
    failed = jobs.wait(running.id, WAIT_S)
    worker.answer = lambda: HEAT

    second = jobs.wait(jobs.ask(running.question).id, WAIT_S)
    third = jobs.ask(running.question)

    assert (failed.state, failed.failure) == (JobState.FAILED, FAILURE)
    assert second.id != failed.id
    assert third == second


def test_running_job_can_be_cancelled(jobs: ExplanationJobs, worker: Worker, running: Job) -> None:
    """It is over at once, its result is never seen, and the next one gets its turn."""
    following = jobs.ask(Question("b", 0, "dog"))

    cancelled = jobs.cancel(running.id)
    worker.may_go_on.set()
    done = jobs.wait(following.id, WAIT_S)

    assert cancelled.state is JobState.CANCELLED
    assert done.state is JobState.DONE
    assert jobs.get(running.id) == cancelled
    assert jobs.cancel(following.id) == done


def test_waiting_job_can_be_cancelled(jobs: ExplanationJobs, worker: Worker, running: Job) -> None:
    """It leaves the line, is never begun, and makes room."""
    waiting = [jobs.ask(Question("b", index, "dog")) for index in range(2)]

    jobs.cancel(waiting[0].id)
    late = jobs.ask(Question("b", 2, "dog"))
    worker.may_go_on.set()
    jobs.wait(late.id, WAIT_S)

    assert [question.detection for question in worker.begun] == [0, 1, 2]
    assert worker.begun[0] == running.question


def test_bug_fails_one_job_and_not_the_next(
    jobs: ExplanationJobs, worker: Worker, running: Job, caplog: pytest.LogCaptureFixture
) -> None:
    """What nobody foresaw is logged, told in a sentence, and does not stop the line."""

    def break_down() -> HeatMap:
        raise RuntimeError("secret")

    worker.answer = break_down
    worker.may_go_on.set()
    failed = jobs.wait(running.id, WAIT_S)
    worker.answer = lambda: HEAT

    following = jobs.wait(jobs.ask(Question("b", 0, "dog")).id, WAIT_S)

    assert failed.failure is not None
    assert "secret" not in failed.failure.sentence
    assert "secret" in caplog.text
    assert following.state is JobState.DONE


def test_end_of_the_program_ends_all_jobs(
    jobs: ExplanationJobs, worker: Worker, running: Job
) -> None:
    """What runs is ended, what waits is not begun, and nothing new is taken."""
    waiting = jobs.ask(Question("b", 0, "dog"))

    jobs.stop()
    worker.may_go_on.set()
    jobs.join()

    assert jobs.get(running.id).state is jobs.get(waiting.id).state is JobState.CANCELLED
    assert worker.begun == [running.question]
    with pytest.raises(TooManyExplanationsError):
        jobs.ask(Question("c", 0, "dog"))


def test_unknown_job_is_not_found(jobs: ExplanationJobs) -> None:
    """There is nothing to see, to wait for or to cancel."""
    for ask in (jobs.get, jobs.cancel, lambda job_id: jobs.wait(job_id, 0.0)):
        with pytest.raises(UnknownExplanationError):
            ask("0" * 32)


def test_old_explanations_are_forgotten(worker: Worker) -> None:
    """A long life of the program does not fill its memory."""
    worker.may_go_on.set()
    jobs = ExplanationJobs(worker, waiting_max=2)

    made = [jobs.wait(jobs.ask(Question("a", number, "dog")).id, WAIT_S) for number in range(110)]

    with pytest.raises(UnknownExplanationError):
        jobs.get(made[0].id)
    assert jobs.get(made[-1].id).state is JobState.DONE
    jobs.stop()
    jobs.join()
