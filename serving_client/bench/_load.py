"""Putting a load on a server with threads."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

from serving_client._values import Timings
from serving_client.bench._ledger import Ledger, Progress
from serving_client.bench._plan import Plan
from serving_client.bench._recording import Recording, Samples
from serving_client.exceptions import ServingError

__all__ = ["load_with_threads"]

_TELL_EVERY_S = 0.25


def load_with_threads(  # noqa: PLR0913  all but two have defaults
    plan: Plan,
    call: Callable[[int], Timings],
    *,
    on_progress: Callable[[Progress], object] = lambda _: None,
    on_interrupt: Callable[[], object] = lambda: None,
    is_stopped: Callable[[], bool] = lambda: False,
    clock: Callable[[], float] = time.perf_counter,
    pause: Callable[[float], object] | None = None,
) -> Recording:
    """Makes the calls of a plan, and returns what came of them.

    Ctrl-C ends it early, with what was measured until then.

    Args:
        plan: what load.
        call: makes one call, the one of that number, and says where its time went. A
            `ServingError` counts as a failed call; anything else ends the load.
        on_progress: told now and then.
        on_interrupt: ends the calls in flight, after Ctrl-C or a stop.
        is_stopped: asked now and then; True ends the load like Ctrl-C.
        clock: in seconds, from any zero.
        pause: waits until a call is due, for so many seconds.
    """
    ledger, is_cut = Ledger(plan, clock), threading.Event()
    with ThreadPoolExecutor(plan.concurrency, "bench") as pool:
        running = {
            pool.submit(_run_caller, ledger, samples, call, pause or is_cut.wait)
            for samples in ledger.callers
        }
        callers = set(running)
        try:
            while running:
                done, running = wait(running, _TELL_EVERY_S, FIRST_EXCEPTION)
                if any(each.exception() for each in done):
                    break
                on_progress(ledger.progress())
                if running and is_stopped():
                    _cut(ledger, is_cut, on_interrupt)
                    break
        except KeyboardInterrupt:
            _cut(ledger, is_cut, on_interrupt)
        finally:
            if running:
                ledger.cut_short()
            is_cut.set()
    for each in callers:
        each.result()
    return ledger.recording()


def _cut(ledger: Ledger, is_cut: threading.Event, on_interrupt: Callable[[], object]) -> None:
    """Lets no more calls begin, wakes those who wait, and ends those in flight."""
    ledger.cut_short()
    is_cut.set()
    on_interrupt()


def _run_caller(
    ledger: Ledger,
    samples: Samples,
    call: Callable[[int], Timings],
    pause: Callable[[float], object],
) -> None:
    """Makes calls until there are no more."""
    while due := ledger.next():
        wait_s = due.at_s - ledger.now_s
        if wait_s > 0:
            pause(wait_s)
        if ledger.is_cut_short:
            return
        sent_s = ledger.now_s
        try:
            timings = call(due.number)
        except ServingError as error:
            ledger.failed(samples, due, error)
        else:
            ledger.answered(samples, due, sent_s, timings)
