"""Calls over ZeroMQ, to our own model server: the shortest way to a server on this machine.

Sockets of ZeroMQ must not be shared by threads. There are two ways around that, and both were
measured against the same server, in three runs on two busy cores: a socket for each call under way,
or one socket in an I/O thread that all callers hand their calls to.

                                    a socket each      an I/O thread
    tiny call, one caller           0.13 to 0.22 ms    0.18 to 0.26 ms
    900 kB, one caller              0.37 to 0.51 ms    0.58 to 0.71 ms
    tiny calls, 32 callers          6,400 to 9,800/s   6,200 to 6,400/s
    900 kB, 32 callers              1,150 to 1,330/s   1,650 to 1,980/s

The thread is one more that has to be woken up, twice. With 32 pictures at once it is ahead all the
same, since one connection gets on better than 32 that crowd each other; but no model on such a
machine keeps up with that. So each call has a socket: connections wait in a pool for the next call,
as many as there were calls at once.
"""

import itertools
import threading
import time
from collections.abc import Sequence
from typing import TypeVar

import grpc
import zmq

from serving_client._calls import Call
from serving_client._config import Limits, Timeouts
from serving_client._deadline import Deadline
from serving_client._forking import renew_in_child
from serving_client._message_size import MessageSizeError, check_request
from serving_client._target import Target
from serving_client._transport import Cancellation, Headers, Reply, TransportError
from serving_client._zmq_connection import Context, Heartbeat, ZmqConnection
from serving_client._zmq_wire import Frame, ZmqAnswer, ZmqRequest
from serving_client.exceptions import ClientClosedError

__all__ = ["ZmqTransport"]

R = TypeVar("R")

_CONNECTIONS_MAX = 4096
_SOCKETS_EACH = 3  # with both ends of its monitor
_IDLE_MAX = 64
_Code = grpc.StatusCode


class ZmqTransport:
    """Sends each call over a connection of its own, and keeps the connection for the next one.

    Connections are made when they are needed. A forked child makes its own: those of its parent do
    not survive the fork.

    Args:
        target: where to.
        timeouts: how long to wait for a connection.
        limits: how large requests and answers may be.
        heartbeat: how to notice a server that is gone.
    """

    def __init__(
        self,
        target: Target,
        timeouts: Timeouts,
        limits: Limits,
        heartbeat: Heartbeat | None = None,
    ) -> None:
        self._target = target
        self._connect_s = timeouts.connect_s
        self._bytes_max = limits.message_bytes_max
        self._heartbeat = heartbeat or Heartbeat()
        self._ids = itertools.count(1)
        self._lock = threading.Lock()
        self._pool: _Pool | None = None
        self._closed = False
        renew_in_child(self)

    def send(
        self,
        call: Call[R],
        *,
        timeout_s: float,
        headers: Headers = (),
        cancellation: Cancellation | None = None,
    ) -> Reply[R]:
        """See `Transport.send`."""
        deadline = Deadline(timeout_s)
        start = time.perf_counter()
        request = ZmqRequest.of(call)
        call_id = next(self._ids)
        frames = request.frames(call_id, timeout_s, headers)
        request_bytes = sum(map(len, frames))
        check_request(request_bytes, self._bytes_max)
        encoded = time.perf_counter()
        answer = self._ask(call_id, frames, deadline, cancellation)
        arrived = time.perf_counter()
        answer_bytes = sum(map(len, answer))
        if answer_bytes > self._bytes_max:
            raise MessageSizeError("answer", answer_bytes, self._bytes_max, "it was not read")
        value: R = ZmqAnswer.read(answer).decode(call)
        decode_s = time.perf_counter() - arrived
        return Reply(
            value, encoded - start, arrived - encoded, decode_s, request_bytes, answer_bytes
        )

    def close(self) -> None:
        """See `Transport.close`."""
        with self._lock:
            self._closed = True
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.close()

    def renew(self) -> None:
        """See `Renewable`."""
        self._lock = threading.Lock()
        self._pool = None

    def _ask(
        self,
        call_id: int,
        frames: Sequence[Frame],
        deadline: Deadline,
        cancellation: Cancellation | None,
    ) -> list[memoryview]:
        pool = self._open_pool()

        def is_given_up() -> bool:
            return pool.is_closed or (cancellation is not None and cancellation.is_cancelled)

        connection = pool.take()
        try:
            if cancellation is not None:
                cancellation.attach(connection.wake)
            if not connection.is_connected:
                connection.open(self._connect_s, deadline, is_given_up)
            return connection.ask(call_id, frames, deadline, is_given_up)
        except TransportError as error:
            if pool.is_closed and error.code is _Code.CANCELLED:
                raise ClientClosedError("the client was closed during the call") from error
            raise
        finally:
            pool.give_back(connection)

    def _open_pool(self) -> "_Pool":
        with self._lock:
            if self._closed:
                raise ClientClosedError("the client is closed")
            if self._pool is None:
                self._pool = _Pool(self._target, self._heartbeat)
            return self._pool


class _Pool:
    """The connections of one process.

    Args:
        target: where they lead.
        heartbeat: how they notice that nobody is there any more.

    Attributes:
        is_closed: whether calls under way shall end.
    """

    def __init__(self, target: Target, heartbeat: Heartbeat) -> None:
        self.is_closed = False
        self._target = target
        self._heartbeat = heartbeat
        self._context: Context = zmq.Context()
        self._context.set(zmq.MAX_SOCKETS, _CONNECTIONS_MAX * _SOCKETS_EACH)
        self._lock = threading.RLock()
        self._idle: list[ZmqConnection] = []
        self._busy: set[ZmqConnection] = set()

    def take(self) -> ZmqConnection:
        """The connection that was used last, or a new one, which is not open yet.

        Raises:
            ClientClosedError: too late.
            TransportError: there are too many already.
        """
        with self._lock:
            if self.is_closed:
                raise ClientClosedError("the client is closed")
            connection = self._usable() or ZmqConnection(
                self._context, self._target, self._heartbeat
            )
            self._busy.add(connection)
            return connection

    def give_back(self, connection: ZmqConnection) -> None:
        """Ends the use of a connection."""
        with self._lock:
            self._busy.remove(connection)
            if connection.is_free and not self.is_closed and len(self._idle) < _IDLE_MAX:
                self._idle.append(connection)
            else:
                connection.close()
            self._end_if_unused()

    def close(self) -> None:
        """Closes all connections; those of calls under way as soon as these have noticed."""
        with self._lock:
            self.is_closed = True
            for connection in self._busy:
                connection.wake()
            for connection in self._idle:
                connection.close()
            self._idle.clear()
            self._end_if_unused()

    def _end_if_unused(self) -> None:
        if self.is_closed and not self._busy:
            self._context.term()

    def _usable(self) -> ZmqConnection | None:
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_lost:
                return connection
            connection.close()
        return None
