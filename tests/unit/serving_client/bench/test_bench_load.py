"""Loads with threads and with asyncio, on a clock of the test's own."""

import asyncio
import signal
import threading
from collections.abc import Awaitable, Callable

import grpc
import pytest

from serving_client import RpcContext, RpcError, ServingError, Timings
from serving_client.bench import (
    FailedCallError,
    Plan,
    Progress,
    Recording,
    load_with_asyncio,
    load_with_threads,
)

TIMINGS = Timings(0.001, 0.002, 0.003, 0.006, 1)


class Clock:
    """Time that passes when somebody waits."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s

    def wait(self, seconds: float) -> None:
        self.now_s += seconds

    async def wait_async(self, seconds: float) -> None:
        self.now_s += seconds


Load = Callable[[Plan, Callable[[int], Timings]], Recording]


def with_threads(plan: Plan, call: Callable[[int], Timings], clock: Clock) -> Recording:
    return load_with_threads(plan, call, clock=clock, pause=clock.wait)


def with_asyncio(plan: Plan, call: Callable[[int], Timings], clock: Clock) -> Recording:
    async def awaited(number: int) -> Timings:
        return call(number)

    async def main() -> Recording:
        return await load_with_asyncio(plan, awaited, clock=clock, pause=clock.wait_async)

    return asyncio.run(main())


BOTH = pytest.mark.parametrize("load", [with_threads, with_asyncio])
LoadOnClock = Callable[[Plan, Callable[[int], Timings], Clock], Recording]


@BOTH
def test_closed_loop_waits_for_each_answer(load: LoadOnClock) -> None:
    """One caller that takes half a second for a call makes four in two seconds."""
    clock = Clock()

    def call(_: int) -> Timings:
        clock.wait(0.5)
        return TIMINGS

    recording = load(Plan(concurrency=1, duration_s=2, warm_up_s=1), call, clock)

    assert recording.latency_s.tolist() == [0.5] * 4
    assert recording.sent_s.tolist() == [0.0, 0.5, 1.0, 1.5]
    assert (recording.window_s, recording.unsent, recording.is_cut_short) == (2, 0, False)
    assert recording.wire_s.tolist() == [0.002] * 4


@BOTH
def test_open_loop_counts_from_when_calls_were_due(load: LoadOnClock) -> None:
    """Calls that wait behind a slow one have waited: nothing is omitted."""
    clock = Clock()

    def call(number: int) -> Timings:
        clock.wait(1.0 if number == 0 else 0.01)
        return TIMINGS

    recording = load(Plan(concurrency=1, rate_per_s=10, count=6, warm_up_s=0), call, clock)

    assert recording.due_s.tolist() == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4, 0.5])
    assert recording.latency_s.tolist() == pytest.approx([1.0, 0.91, 0.82, 0.73, 0.64, 0.55])
    assert recording.service_s.tolist() == pytest.approx([1.0, *[0.01] * 5])


@BOTH
def test_open_loop_waits_until_calls_are_due(load: LoadOnClock) -> None:
    """When the server is fast, calls still begin at their times."""
    clock = Clock()

    recording = load(
        Plan(concurrency=1, rate_per_s=4, duration_s=1, warm_up_s=0.5), lambda _: TIMINGS, clock
    )

    assert recording.sent_s.tolist() == pytest.approx([0.0, 0.25, 0.5, 0.75])
    assert recording.latency_s.tolist() == pytest.approx([0.0] * 4)


@BOTH
def test_overload_leaves_calls_unsent(load: LoadOnClock) -> None:
    """What could not even be sent in time is told."""
    clock = Clock()

    def call(_: int) -> Timings:
        clock.wait(1.0)
        return TIMINGS

    recording = load(Plan(concurrency=1, rate_per_s=5, duration_s=2, warm_up_s=0), call, clock)

    assert recording.done_s.tolist() == [1.0, 2.0]
    assert recording.unsent == 8


@BOTH
def test_failures_count_by_status(load: LoadOnClock) -> None:
    """Failed calls are told by their status, or by their class where they have none."""
    clock = Clock()
    context = RpcContext("Predict", "test:1")

    def call(number: int) -> Timings:
        clock.wait(0.1)
        if number in {0, 2}:
            raise RpcError.of(grpc.StatusCode.UNAVAILABLE, "gone", context)
        if number == 1:
            raise ServingError("odd")
        return TIMINGS

    recording = load(Plan(concurrency=1, count=5, warm_up_s=0), call, clock)

    assert recording.errors == {"UNAVAILABLE": 2, "ServingError": 1}
    assert recording.failed == 3
    assert recording.done_s.tolist() == pytest.approx([0.4, 0.5])
    assert recording.window_s == pytest.approx(0.5)


@BOTH
def test_warm_up_does_not_count(load: LoadOnClock) -> None:
    """What happens before the measurement is not in it, be it success or failure."""
    clock = Clock()

    def call(number: int) -> Timings:
        clock.wait(0.25)
        if number == 0:
            raise ServingError("cold")
        return TIMINGS

    recording = load(Plan(concurrency=1, duration_s=1, warm_up_s=1), call, clock)

    assert recording.errors == {}
    assert recording.done_s.size == 4


@BOTH
def test_bug_in_a_call_ends_the_load(load: LoadOnClock) -> None:
    """What is no failed call is not counted but raised."""

    def call(number: int) -> Timings:
        if number == 3:
            raise ZeroDivisionError
        return TIMINGS

    with pytest.raises(ZeroDivisionError):
        load(Plan(concurrency=2, count=1000, warm_up_s=0), call, Clock())


def test_threads_call_at_once() -> None:
    """As many calls are in flight as there are callers."""
    together = threading.Barrier(5, timeout=30)

    def call(_: int) -> Timings:
        together.wait()
        return TIMINGS

    recording = load_with_threads(Plan(concurrency=5, count=10, warm_up_s=0), call)

    assert recording.done_s.size == 10


def test_tasks_call_at_once() -> None:
    """The same with asyncio."""

    async def main() -> Recording:
        together = asyncio.Barrier(5)

        async def call(_: int) -> Timings:
            await together.wait()
            return TIMINGS

        return await load_with_asyncio(Plan(concurrency=5, count=10, warm_up_s=0), call)

    assert asyncio.run(main()).done_s.size == 10


def test_progress_is_told() -> None:
    """While it lasts, somebody can watch."""
    seen: list[Progress] = []
    is_told = threading.Event()

    def note(progress: Progress) -> None:
        seen.append(progress)
        is_told.set()

    def call(number: int) -> Timings:
        if number > 10:
            is_told.wait(30)
        return TIMINGS

    load_with_threads(Plan(concurrency=1, count=20, warm_up_s=0), call, on_progress=note)

    assert seen
    assert 0 < seen[0].answered <= 20


def test_interrupt_keeps_what_was_measured() -> None:
    """Ctrl-C ends the load; the answers until then count, the failures it causes do not."""
    is_ended, is_waiting = threading.Event(), threading.Event()

    def call(number: int) -> Timings:
        if number < 3:
            return TIMINGS
        is_waiting.set()
        is_ended.wait(30)
        raise ServingError("the client was closed")

    def interrupt() -> None:
        is_waiting.wait(30)
        signal.raise_signal(signal.SIGINT)

    # The main thread has to be the one that is interrupted.
    def note(_: Progress) -> None:
        interrupt()

    recording = load_with_threads(
        Plan(concurrency=1, duration_s=600, warm_up_s=0),
        call,
        on_progress=note,
        on_interrupt=is_ended.set,
    )

    assert recording.done_s.size == 3
    assert recording.errors == {}
    assert recording.is_cut_short


def test_cancelled_task_keeps_what_was_measured() -> None:
    """The same with asyncio, where Ctrl-C cancels the task that measures."""

    async def main() -> Recording:
        is_waiting = asyncio.Event()

        async def call(number: int) -> Timings:
            if number >= 3:
                is_waiting.set()
                await asyncio.Event().wait()
            return TIMINGS

        load: Awaitable[Recording] = load_with_asyncio(
            Plan(concurrency=1, duration_s=600, warm_up_s=0), call
        )
        task = asyncio.ensure_future(load)
        await is_waiting.wait()
        task.cancel()
        return await task

    recording = asyncio.run(main())

    assert recording.done_s.size == 3
    assert recording.is_cut_short


def test_load_can_be_stopped_from_elsewhere() -> None:
    """No call begins after that, and what was measured is there."""
    stopped = threading.Event()

    def call(number: int) -> Timings:
        if number == 5:
            stopped.set()
        return TIMINGS

    plan = Plan(concurrency=2, duration_s=600, warm_up_s=0)
    recording = load_with_threads(plan, call, is_stopped=stopped.is_set)

    assert recording.is_cut_short
    assert recording.done_s.size >= 5
    assert recording.window_s < 600


def test_progress_has_the_latencies_so_far() -> None:
    """They count from when each call was due, and failures are told by their kind."""
    told: list[Progress] = []
    shown = threading.Event()

    def call(number: int) -> Timings:
        if number == 3:
            raise FailedCallError("busy")
        if number == 4:
            assert shown.wait(60)
        return TIMINGS

    def tell(progress: Progress) -> None:
        told.append(progress)
        if progress.answered == 3 and progress.failed == 1:
            shown.set()

    load_with_threads(Plan(concurrency=1, count=5, warm_up_s=0), call, on_progress=tell)

    progress = next(each for each in told if each.failed)
    assert progress.latency_s().size >= 3
    assert progress.errors() == {"busy": 1}
