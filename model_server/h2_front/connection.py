"""A connection to a client: bytes in, bytes out."""

import fcntl
import select
import socket
import struct
import termios
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field

from http2.frames import ErrorCode, H2Error
from model_server.h2_front.budget import Budget
from model_server.h2_front.outflow import Part
from model_server.h2_front.session import Session, goaway
from model_server.h2_front.stream import Visit

SCRATCH_BYTES = 256 << 10
"""How much is read at once."""

_TURNS = 4  # reads before it is another connection's turn
_PARTS_MAX = 1000  # of one system call; the kernel's limit is 1024
_GREETING_S = 10.0
_PARTING_S = 2.0
_INT = struct.Struct("i")
_IN = select.EPOLLIN
_BOTH = select.EPOLLIN | select.EPOLLOUT


@dataclass(frozen=True, slots=True)
class News:
    """What became of the calls of a connection.

    Attributes:
        ready: Those whose requests are complete, or that are refused.
        gone: Those that nobody waits for any more.
        is_open: Whether the connection still is.
    """

    ready: list[Visit] = field(default_factory=list)
    gone: list[Visit] = field(default_factory=list)
    is_open: bool = False


class Connection:
    """A client's connection.

    Whoever stands at the door reads from it, and only they close it. All threads write to it. What
    follows from the words of a client outside of this connection is done without its lock; so that
    lock can be taken while any other one is held.

    Args:
        raw: The socket.
        session: What is said over it.
        budget: The memory that all share.
        news: Says when there is something to read, or room to write.
    """

    def __init__(
        self, raw: socket.socket, session: Session, budget: Budget, news: select.epoll
    ) -> None:
        self._raw = raw
        self._session = session
        self._budget = budget
        self._news = news
        self._lock = threading.Lock()
        self._out: list[Part] = []
        self._rest = b""
        self._is_over = self._is_closed = self._awaits_room = False
        self._began_s = self._used_s = self._progress_s = time.monotonic()
        self._held = 0
        news.register(raw, _IN)
        with self._lock:
            self._flush()

    @property
    def is_idle(self) -> bool:
        """Whether no call is under way."""
        return not len(self._session.streams)

    @property
    def is_busy(self) -> bool:
        """Whether it has calls that are not answered yet, or answers that have not arrived."""
        with self._lock:
            if self._is_over:
                return False
            return bool(len(self._session.streams) or self._out or _on_their_way(self._raw))

    @property
    def used_s(self) -> float:
        """When something was heard over it, by `time.monotonic`."""
        return self._used_s

    def read(self, scratch: memoryview) -> News:
        """Take in what has come.

        Args:
            scratch: Room of `SCRATCH_BYTES` for it.
        """
        with self._lock:
            self._used_s = time.monotonic()
            is_open = True
            try:
                is_open = self._read(scratch)
            except H2Error as error:
                self._break_off(error)
            except OSError:
                is_open = False
            if is_open:
                self._flush()
            return self._news_of_calls(is_open=is_open)

    def write(self) -> None:
        """Send what could not be sent before."""
        with self._lock:
            self._flush()

    def send(self, number: int, head: bytes, parts: tuple[Part, ...], trailers: bytes) -> bool:
        """Send a piece of an answer; see `Streams.send`."""
        with self._lock:
            is_awaited = self._session.streams.send(number, head, parts, trailers)
            self._flush()
            return is_awaited

    def leave(self, *, is_final: bool) -> None:
        """Tell the client to call elsewhere; see `Session.leave`."""
        with self._lock:
            if not self._is_over:
                self._session.leave(is_final=is_final)
                self._flush()

    def check(self, now_s: float, slow_after_s: float) -> News:
        """See to it that the client gets on with what it does."""
        with self._lock:
            is_open = self._is_patient(now_s, slow_after_s)
            if is_open and not self._is_over:
                self._session.streams.check(now_s, slow_after_s)
            return self._news_of_calls(is_open=is_open)

    def close(self) -> News:
        """Close the socket. Only at the door."""
        with self._lock:
            if self._is_closed:
                return News()
            self._is_closed = self._is_over = True
            self._session.streams.end()
            with suppress(OSError):
                self._news.unregister(self._raw)
            self._raw.close()
            self._out.clear()
            self._budget.give_back(self._held)
            self._held = 0
            return self._news_of_calls(is_open=False)

    def _read(self, scratch: memoryview) -> bool:
        for _ in range(_TURNS):
            kept = len(self._rest)
            scratch[:kept] = self._rest
            room = None if kept or self._is_over else self._session.data.open_room
            views = [room, scratch] if room else [scratch[kept:]]
            try:
                count = self._raw.recvmsg_into(views, 0, socket.MSG_DONTWAIT)[0]
            except BlockingIOError:
                return True
            if not count:
                return False
            if self._is_over:
                continue
            placed = min(count, len(room)) if room else 0
            if placed:
                self._session.data.note(placed)
            end = kept + count - placed
            taken = self._session.take(scratch[:end])
            self._rest = bytes(scratch[taken:end])
            if count < sum(map(len, views)):
                return True
        return True

    def _news_of_calls(self, *, is_open: bool) -> News:
        streams = self._session.streams
        if self._is_over or not is_open:
            streams.end()
        news = News(streams.ready, streams.gone, is_open)
        streams.ready, streams.gone = [], []
        return news

    def _break_off(self, error: H2Error) -> None:
        """Tell a client that breaks the rules so, and listen no more."""
        last = self._session.streams.last
        self._session.sluice.out.append(goaway(last, error.code, str(error)))
        self._flush()
        self._is_over = True
        self._rest = b""
        self._out.clear()
        self._await_room(False)
        self._began_s = time.monotonic()
        with suppress(OSError):
            self._raw.shutdown(socket.SHUT_WR)

    def _is_patient(self, now_s: float, slow_after_s: float) -> bool:
        """Say whether the client may stay."""
        if self._is_over:
            return now_s - self._began_s < _PARTING_S
        if not self._session.is_greeted and now_s - self._began_s > _GREETING_S:
            return False
        if self._rest and now_s - self._used_s > slow_after_s:
            return False
        return not self._held or now_s - self._progress_s < slow_after_s

    def _flush(self) -> None:
        """Send what there is room for; what is left is held, and counts."""
        if self._is_over:
            self._session.sluice.out.clear()
            return
        self._out += self._session.sluice.out
        self._session.sluice.out.clear()
        while self._out:
            try:
                sent = self._raw.sendmsg(self._out[:_PARTS_MAX], (), socket.MSG_DONTWAIT)
            except BlockingIOError:
                break
            except OSError:  # who reads will hear of it
                self._out.clear()
                break
            _drop(self._out, sent)
        self._await_room(bool(self._out))
        self._count()

    def _await_room(self, awaits: bool) -> None:  # noqa: FBT001  # private, and clear enough
        if awaits is not self._awaits_room:
            self._awaits_room = awaits
            self._news.modify(self._raw, _BOTH if awaits else _IN)

    def _count(self) -> None:
        """Count the memory that answers take which the client does not read."""
        held = sum(map(len, self._out)) + self._session.streams.waiting_bytes
        if held <= self._held:
            self._budget.give_back(self._held - held)
            if held < self._held:
                self._progress_s = time.monotonic()
        elif self._budget.take(held - self._held, self._held):
            if not self._held:
                self._progress_s = time.monotonic()
        else:
            self._out.clear()
            self._is_over = True
            held = 0
            self._budget.give_back(self._held)
            with suppress(OSError):
                self._raw.shutdown(socket.SHUT_RDWR)
        self._held = held


def _on_their_way(raw: socket.socket) -> int:
    """Return how many bytes the other side has not acknowledged; a close could destroy them."""
    counted = fcntl.ioctl(raw, termios.TIOCOUTQ, bytes(_INT.size))
    return int(_INT.unpack(counted)[0])


def _drop(parts: list[Part], sent: int) -> None:
    """Take so many bytes away from the beginning of some parts."""
    done = 0
    for part in parts:
        if sent < len(part):
            break
        sent -= len(part)
        done += 1
    del parts[:done]
    if sent:
        parts[0] = memoryview(parts[0])[sent:]


def refuse(raw: socket.socket) -> None:
    """Tell a client for whom there is no room to come again later."""
    with suppress(OSError):
        raw.sendmsg([goaway(0, ErrorCode.ENHANCE_YOUR_CALM, "too many connections")])
    raw.close()
