"""Where connections come in, and the calls that they carry."""

import logging
import os
import select
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from model_server.h2_front.budget import Budget
from model_server.h2_front.calls import Calls
from model_server.h2_front.connection import SCRATCH_BYTES, Connection, News, refuse
from model_server.h2_front.exchange import Exchange
from model_server.h2_front.patience import Patience
from model_server.h2_front.reply import Reply
from model_server.h2_front.session import Session
from model_server.h2_front.settings import LightSettings
from model_server.h2_front.stream import Visit
from model_server.reception import Reception
from model_server.status import ServingError

logger = logging.getLogger(__name__)

_ACCEPTED_AT_ONCE = 64
_CHECK_S = 1.0
_PIPE_BYTES = 4096
_KEEPALIVE = (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 20), ("TCP_KEEPCNT", 3))
_UNACKNOWLEDGED_MS = 20_000  # as gRPC has it


class Door(Reception[Exchange]):
    """Waits for all sockets at once, and hands calls to threads.

    What runs no model is done at the door: refusals, and calls about health, which so are answered
    even if all threads are busy.

    Args:
        listener: Where connections come in.
        calls: Begins calls.
        budget: The memory that all share.
        settings: How much of everything there is.
    """

    def __init__(
        self, listener: socket.socket, calls: Calls, budget: Budget, settings: LightSettings
    ) -> None:
        super().__init__(settings.threads, settings.waiting_max, settings.budget_bytes)
        self._listener = listener
        self._calls = calls
        self._budget = budget
        self._settings = settings
        self._scratch = memoryview(bytearray(SCRATCH_BYTES))
        self._connections: dict[int, Connection] = {}
        self._happened: list[tuple[int, int]] = []
        self._checked_s = time.monotonic()
        self._news = select.epoll()
        self._wake_reader, self._wake_writer = os.pipe()
        for end in (self._wake_reader, self._wake_writer):
            os.set_blocking(end, False)
        listener.setblocking(False)
        self._news.register(self._wake_reader, select.EPOLLIN)
        self._listen()

    @property
    def is_busy(self) -> bool:
        """Whether calls are under way, or answers."""
        return any(connection.is_busy for connection in self._snapshot())

    def wait(self) -> None:
        """Wait for news of a socket."""
        self._happened = self._news.poll(_CHECK_S)

    def wake(self) -> None:
        """End the wait of the thread that waits."""
        with suppress(BlockingIOError):  # it was woken often enough
            os.write(self._wake_writer, b"!")

    def take_in(self) -> bool:
        """Take in some of what has arrived; say whether there was anything."""
        happened, self._happened = self._happened, []
        for source, what in happened:
            with self._closed_on_fault(source):
                self._attend(source, what)
        if time.monotonic() - self._checked_s > _CHECK_S:
            self._check()
        return False

    def stop_listening(self) -> None:
        """Let no more connections in; for any thread."""
        self._is_listening = False
        with suppress(OSError, ValueError):
            self._news.unregister(self._listener)
        self._listener.close()

    def leave(self, *, is_final: bool) -> None:
        """Tell all clients to call elsewhere; for any thread."""
        for connection in self._snapshot():
            connection.leave(is_final=is_final)

    def end(self) -> None:
        """Close all connections, once nobody stands at the door any more."""
        for source in tuple(self._connections):
            self._close(source)
        self._news.close()
        os.close(self._wake_reader)
        os.close(self._wake_writer)

    def _snapshot(self) -> tuple[Connection, ...]:
        return tuple(self._connections.copy().values())

    def _listen(self) -> None:
        self._is_listening = True
        self._news.register(self._listener, select.EPOLLIN)

    def _attend(self, source: int, what: int) -> None:
        if source == self._wake_reader:
            with suppress(BlockingIOError):
                os.read(self._wake_reader, _PIPE_BYTES)
            return
        connection = self._connections.get(source)
        if connection is None:
            if self._is_listening:
                self._accept()
            return
        if what & select.EPOLLOUT:
            connection.write()
        if what & ~select.EPOLLOUT:
            self._spread(source, connection.read(self._scratch))

    @contextmanager
    def _closed_on_fault(self, source: int) -> Iterator[None]:
        """Keep a fault with one connection from those who speak over others: the thread's edge."""
        try:
            yield
        except Exception:
            logger.exception("a connection could not be attended to")
            self._close(source)

    def _spread(self, source: int, news: News) -> None:
        """Pass on what became of the calls of a connection."""
        for visit in news.ready:
            self._receive(visit)
        for visit in news.gone:
            visit.left()
        if not news.is_open:
            self._close(source)

    def _receive(self, visit: Visit) -> None:
        if visit.refusal or not isinstance(visit, Exchange):
            visit.run()
            return
        try:
            self.admit(visit)
        except ServingError as error:
            visit.refuse(error)

    def _close(self, source: int) -> None:
        connection = self._connections.pop(source, None)
        if connection is None:
            return
        news = connection.close()
        for visit in news.ready:
            visit.run()
        for visit in news.gone:
            visit.left()

    def _accept(self) -> None:
        for _ in range(_ACCEPTED_AT_ONCE):
            try:
                raw, _where = self._listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                self._pause(error)
                return
            self._let_in(raw)

    def _pause(self, error: OSError) -> None:
        """Listen no more till the next check: there are too many files open, say."""
        if self._is_listening:
            logger.warning("no connection can be accepted: %s", error.strerror)
            self._news.modify(self._listener, 0)

    def _let_in(self, raw: socket.socket) -> None:
        if len(self._connections) >= self._settings.connections_max:
            self._make_room()
        if len(self._connections) >= self._settings.connections_max:
            refuse(raw)
            return
        with suppress(OSError):  # the client has left again
            _prepare(raw)
        session = Session(
            lambda metadata, stream: self._calls.begin(Reply(connection, stream), metadata),
            self._settings.streams_max,
            Patience(),
        )
        connection = Connection(raw, session, self._budget, self._news)
        self._connections[raw.fileno()] = connection

    def _make_room(self) -> None:
        """Close the connection that has not been used for longest."""
        idle = [pair for pair in self._connections.items() if pair[1].is_idle]
        if idle:
            source, connection = min(idle, key=lambda pair: pair[1].used_s)
            connection.leave(is_final=True)
            self._close(source)

    def _check(self) -> None:
        """See to it that everybody gets on."""
        self._checked_s = now_s = time.monotonic()
        for source, connection in tuple(self._connections.items()):
            with self._closed_on_fault(source):
                self._spread(source, connection.check(now_s, self._settings.slow_after_s))
        if self._is_listening:
            with suppress(OSError, ValueError):  # it may be closed by now
                self._news.modify(self._listener, select.EPOLLIN)


def _prepare(raw: socket.socket) -> None:
    raw.setblocking(False)
    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    _set_each(raw, (*_KEEPALIVE, ("TCP_USER_TIMEOUT", _UNACKNOWLEDGED_MS)))


def _set_each(raw: socket.socket, options: Iterable[tuple[str, int]]) -> None:
    for name, value in options:
        option = getattr(socket, name, None)  # not every system has it
        if option is not None:
            raw.setsockopt(socket.IPPROTO_TCP, option, value)
