"""Who gets which call when, without a socket."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from struct import pack
from typing import Any, cast

import pytest

from model_server.testing import wait_until
from model_server.zmq_front.reception import Received, ZmqReception
from model_server.zmq_front.router import Connection, Delivery, SharedRouter
from model_server.zmq_front.settings import ZmqSettings
from model_server.zmq_front.wire import Frame, Head

CALL, CANCELLATION = 1, 3


class FakeRouter:
    """Delivers what a test puts into it."""

    def __init__(self) -> None:
        self.arriving: deque[Delivery] = deque()
        self.news = threading.Event()
        self.sent: list[tuple[bytes, Head | None]] = []

    def put(
        self,
        call_id: int,
        kind: int = CALL,
        *,
        body: bytes = b"",
        wait_ms: int = 0,
        version: int = 1,
        connection: Connection | None = None,
    ) -> None:
        frames = [pack("!BBHIQ", version, kind, 0, wait_ms, call_id) + b"{}", body]
        views = [memoryview(frame) for frame in frames]
        self.arriving.append(Delivery(b"client", connection or Connection(), views))
        self.news.set()

    def receive(self) -> Delivery | None:
        return self.arriving.popleft() if self.arriving else None

    def wait(self) -> None:
        self.news.wait()
        self.news.clear()

    def wake(self) -> None:
        self.news.set()

    def send(self, receiver: bytes, frames: Sequence[Frame]) -> None:
        self.sent.append((receiver, Head.read(memoryview(frames[0]))))


@pytest.fixture
def router() -> FakeRouter:
    return FakeRouter()


def reception(router: FakeRouter, **settings: Any) -> ZmqReception:
    return ZmqReception(cast("SharedRouter", router), ZmqSettings(**settings))


def ids(calls: Sequence[Received | None]) -> list[int | None]:
    return [call.call_id if call else None for call in calls]


def statuses(router: FakeRouter) -> list[tuple[int, int]]:
    return [(head.call_id, head.status) for _, head in router.sent if head]


def test_calls_are_handed_out_in_the_order_in_which_they_came(router: FakeRouter) -> None:
    """To whoever asks."""
    for call_id in (1, 2, 3):
        router.put(call_id)
    desk = reception(router, threads=3)

    assert ids([desk.next_call() for _ in range(3)]) == [1, 2, 3]


def test_no_more_calls_run_at_once_than_the_settings_say(router: FakeRouter) -> None:
    """The next one is handed out when one of them is finished."""
    desk = reception(router, threads=2)
    for call_id in (1, 2, 3):
        router.put(call_id)
    first, second = desk.next_call(), desk.next_call()
    assert first
    with ThreadPoolExecutor(1) as pool:
        third = pool.submit(desk.next_call)
        wait_until(lambda: not router.arriving)  # it was taken in, and waits
        assert not third.done()

        desk.finish(first)
        router.wake()

        assert ids([first, second, third.result(10)]) == [1, 2, 3]


def test_whoever_finishes_a_call_takes_the_one_that_waits(router: FakeRouter) -> None:
    """Nobody has to be woken up for it."""
    desk = reception(router, threads=1)
    router.put(1)
    router.put(2)
    first = desk.next_call()
    assert first

    desk.finish(first)

    assert ids([desk.next_call()]) == [2]


def test_deadline_counts_from_the_arrival(router: FakeRouter) -> None:
    """Not from the moment at which a thread is free."""
    desk = reception(router, threads=1)
    router.put(1)
    router.put(2, wait_ms=1)
    first = desk.next_call()
    assert first
    assert first.call.remaining_s() is None
    wait_until(lambda: not router.arriving)

    desk.finish(first)
    second = desk.next_call()

    assert second
    wait_until(lambda: second.call.remaining_s() == 0)


@pytest.mark.parametrize(
    "leave",
    [
        lambda router, _: router.put(1, CANCELLATION),
        lambda _, connection: setattr(connection, "is_open", False),
    ],
    ids=["cancels", "hangs up"],
)
def test_client_that_leaves_is_noticed(
    router: FakeRouter, leave: Callable[[FakeRouter, Connection], None]
) -> None:
    """While its call runs as well."""
    desk, connection = reception(router, threads=1), Connection()
    router.put(1, connection=connection)
    call = desk.next_call()
    assert call
    assert not call.call.has_left()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(desk.next_call)

        leave(router, connection)

        wait_until(call.call.has_left)
        desk.close(0)


def test_cancellation_of_another_call_changes_nothing(router: FakeRouter) -> None:
    """Nor does one of a call that is over."""
    desk = reception(router, threads=2)
    router.put(1)
    router.put(2, CANCELLATION)
    router.put(3)

    first, third = desk.next_call(), desk.next_call()

    assert ids([first, third]) == [1, 3]
    assert first
    assert not first.call.has_left()


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"waiting_max": 1}, 14),
        ({"waiting_bytes_max": 70}, 14),
        ({"message_bytes_max": 60}, 8),
    ],
)
def test_what_is_too_much_is_refused(
    router: FakeRouter, settings: dict[str, int], code: int
) -> None:
    """UNAVAILABLE if it may fit later, RESOURCE_EXHAUSTED if it never will."""
    desk = reception(router, threads=1, **settings)
    router.put(1)
    first = desk.next_call()
    assert first
    router.put(2)
    router.put(3, body=bytes(50))
    with ThreadPoolExecutor(1) as pool:
        second = pool.submit(desk.next_call)
        wait_until(lambda: router.sent)

        desk.finish(first)
        router.wake()

        assert ids([second.result(10)]) == [2]
    assert statuses(router) == [(3, code)]


def test_large_call_alone_may_wait(router: FakeRouter) -> None:
    """The limit is for many of them."""
    desk = reception(router, threads=1, waiting_bytes_max=10)
    router.put(1, body=bytes(1000))

    assert ids([desk.next_call()]) == [1]


def test_messages_that_are_no_calls_are_answered_or_ignored(router: FakeRouter) -> None:
    """And the next call is handed out all the same."""
    desk = reception(router, threads=1)
    router.put(1, version=9)
    router.put(2, kind=9)
    router.arriving.append(Delivery(b"client", Connection(), []))
    router.arriving.append(Delivery(b"client", Connection(), [memoryview(b"short")]))
    router.put(3)

    assert ids([desk.next_call()]) == [3]
    assert statuses(router) == [(1, 12), (2, 3)]


def test_closing_lets_accepted_calls_finish(router: FakeRouter) -> None:
    """Those that wait are handed out, new ones are refused, and then there are no more."""
    desk = reception(router, threads=1)
    router.put(1)
    router.put(2)
    first = desk.next_call()
    assert first
    desk.refuse()
    router.put(3)

    with ThreadPoolExecutor(2) as pool:
        closing = pool.submit(desk.close, 30)
        desk.finish(first)
        second = desk.next_call()
        assert second
        last = pool.submit(desk.next_call)
        wait_until(lambda: statuses(router) == [(3, 14)])
        assert not closing.done()
        desk.finish(second)

        closing.result(10)
        assert ids([second, last.result(10)]) == [2, None]


def test_closing_does_not_wait_for_ever(router: FakeRouter) -> None:
    """A call that takes longer than the grace period is left behind, and so are those after it."""
    desk = reception(router, threads=1)
    router.put(1)
    router.put(2)
    first = desk.next_call()
    assert first

    desk.close(0.01)
    desk.finish(first)

    assert desk.next_call() is None
