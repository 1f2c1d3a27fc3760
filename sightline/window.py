"""Work in threads whose results come out in order."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from queue import SimpleQueue
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

_AHEAD = 2
_FAREWELL_S = 2.0


def in_order(
    items: Iterable[T],
    work: Callable[[T], R],
    *,
    concurrency: int,
    ahead: int | None = None,
    on_leave: Callable[[], object] = lambda: None,
) -> Iterator[R]:
    """Do work on items in threads, and yield the results in the order of the items.

    The work here is the whole way of a picture: reading, decoding, asking and drawing. It is more
    than `ServingClient.predict_stream` does, which has only calls under way. As there, only a few
    more items are taken than results were handed out, so the items may have no end.

    Args:
        items: Taken in the consumer's thread.
        work: Called in other threads, at most ``concurrency`` at a time. What it raises is raised
            in its turn.
        concurrency: At least 1.
        ahead: How many items are taken at most whose results were not handed out, at least 1; None
            for twice ``concurrency``.
        on_leave: Called when the consumer stops early, to end the work that is under way.

    Examples:
        >>> list(in_order([3, 1, 2], lambda number: number * 10, concurrency=2))
        [30, 10, 20]
    """
    tasks: SimpleQueue[tuple[Future[R], T] | None] = SimpleQueue()
    threads = [
        # Daemons: whoever leaves early need not wait for a server that does not answer.
        threading.Thread(target=_work_off, args=(tasks, work), name=f"looking-{n}", daemon=True)
        for n in range(concurrency)
    ]
    for thread in threads:
        thread.start()
    pending: deque[Future[R]] = deque()
    pending_max = ahead or concurrency * _AHEAD
    is_done = False
    try:
        for item in items:
            future: Future[R] = Future()
            pending.append(future)
            tasks.put((future, item))
            while pending and (len(pending) >= pending_max or pending[0].done()):
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
        is_done = True
    finally:
        for future in pending:
            future.cancel()
        if not is_done:
            on_leave()
        for _ in threads:
            tasks.put(None)
        for thread in threads:
            thread.join(_FAREWELL_S)


def _work_off(tasks: "SimpleQueue[tuple[Future[R], T] | None]", work: Callable[[T], R]) -> None:
    while (task := tasks.get()) is not None:
        future, item = task
        if not future.set_running_or_notify_cancel():
            continue
        try:
            future.set_result(work(item))
        except BaseException as error:  # noqa: BLE001  it is raised where the result is asked for
            future.set_exception(error)
