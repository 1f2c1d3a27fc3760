"""One connection over ZeroMQ, for one call at a time."""

import math
import socket
import struct
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import TypeAlias

import grpc
import zmq

from serving_client._deadline import Deadline
from serving_client._target import Target
from serving_client._transport import TransportError
from serving_client._zmq_wire import Frame, answered_call, cancellation

__all__ = ["Context", "Heartbeat", "ZmqConnection"]

Context: TypeAlias = "zmq.Context[zmq.Socket[bytes]]"

_NEVER_MS = 2**31 - 1
_COPIED_BYTES_MAX = 64 << 10  # what is smaller is sent sooner if it is copied
_WOKEN_BYTES = 4096
_EVENT = struct.Struct("=Hi")  # https://libzmq.readthedocs.io/en/latest/zmq_socket_monitor.html
_CONNECTED = zmq.EVENT_HANDSHAKE_SUCCEEDED
_FAILED = (
    zmq.EVENT_CONNECT_RETRIED
    | zmq.EVENT_DISCONNECTED
    | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
    | zmq.EVENT_HANDSHAKE_FAILED_AUTH
)
_Code = grpc.StatusCode


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """How a server is noticed that is gone without a word, or stuck.

    Attributes:
        interval_s: seconds between the questions whether it is there.
        dead_after_s: how long the answer to one may take, seconds.
    """

    interval_s: float = 1.0
    dead_after_s: float = 4.0


class ZmqConnection:
    """A DEALER that connects to one server, once.

    It waits for three things at the same time: an answer, news of the connection (which the
    socket's monitor has), and to be woken by another thread.

    Args:
        context: what the socket belongs to.
        target: where to.
        heartbeat: how to notice that the server is gone.

    Attributes:
        is_connected: whether it ever was.
        is_free: whether it can be used for another call.

    Raises:
        TransportError: too many files or sockets are open.
    """

    def __init__(self, context: Context, target: Target, heartbeat: Heartbeat) -> None:
        self.is_connected = False
        self.is_free = False
        self._target = target
        self._lock = threading.Lock()
        self._is_lost = False
        with ExitStack() as made:
            try:
                self._waker, self._woken = (made.enter_context(e) for e in socket.socketpair())
                self._socket = made.enter_context(context.socket(zmq.DEALER))
                self._monitor = self._socket.get_monitor_socket(_CONNECTED | _FAILED)
                made.callback(self._close_monitor)
            except (OSError, zmq.ZMQError) as error:
                raise TransportError(
                    _Code.RESOURCE_EXHAUSTED, f"no further connection can be made: {error}"
                ) from error
            self._made = made.pop_all()
        for end in (self._waker, self._woken):
            end.setblocking(False)
        self._set_options(heartbeat)
        self._poller = zmq.Poller()
        for source in (self._socket, self._monitor, self._woken):
            self._poller.register(source, zmq.POLLIN)

    def open(self, connect_s: float, deadline: Deadline, is_given_up: Callable[[], bool]) -> None:
        """Connects.

        Args:
            connect_s: how long that may take.
            deadline: of the call for which it is done.
            is_given_up: says whether the call still has to be made; asked whenever woken.

        Raises:
            TransportError: it does not work, or takes too long.
        """
        trying = Deadline(min(connect_s, deadline.seconds))
        self._socket.connect(f"tcp://{self._target.address}")
        while not self.is_connected:
            if self._is_lost:
                raise TransportError(
                    _Code.UNAVAILABLE, f"nobody who speaks ZeroMQ listens at {self._target}"
                )
            if is_given_up():
                raise _cancelled()
            if not deadline.remaining_s:
                raise _late(deadline, f"while connecting to {self._target}")
            if not trying.remaining_s:
                raise TransportError(
                    _Code.UNAVAILABLE, f"no connection to {self._target} within {connect_s:g} s"
                )
            self._wait(min(trying.remaining_s, deadline.remaining_s))

    def ask(
        self,
        call_id: int,
        frames: Sequence[Frame],
        deadline: Deadline,
        is_given_up: Callable[[], bool],
    ) -> list[memoryview]:
        """Sends a call, and waits for its answer.

        Args:
            call_id: what the server knows it by.
            frames: the call.
            deadline: when to stop waiting.
            is_given_up: says whether to go on waiting; asked whenever woken.

        Returns:
            The frames of the answer.

        Raises:
            TransportError: there is none.
        """
        self.is_free = False
        self._send(frames)
        while True:
            if is_given_up():
                self._take_back(call_id)
                raise _cancelled()
            if not deadline.remaining_s:
                self._take_back(call_id)
                raise _late(deadline, f"{self._target} did not answer")
            if self._wait(0.0 if self._is_lost else deadline.remaining_s):
                answer = [frame.buffer for frame in self._socket.recv_multipart(copy=False)]
                if answered_call(answer) == call_id:  # others come late
                    self.is_free = True
                    return answer
            elif self._is_lost:
                raise TransportError(
                    _Code.UNAVAILABLE, f"the connection to {self._target} broke during the call"
                )

    @property
    def is_lost(self) -> bool:
        """Whether the server has hung up, or never was there."""
        self._note_events()
        return self._is_lost

    def wake(self) -> None:
        """Makes the thread that waits ask whether the call is given up. For any thread."""
        with self._lock, suppress(OSError):  # it is closed, or was woken often enough
            self._waker.send(b"!")

    def close(self) -> None:
        """Hangs up, without sending what was not sent yet."""
        with self._lock:
            self._made.close()

    def _set_options(self, heartbeat: Heartbeat) -> None:
        dead_after_ms = math.ceil(heartbeat.dead_after_s * 1000)
        for option, value in {
            zmq.LINGER: 0,
            zmq.IPV6: int("[" in self._target.address),
            zmq.RECONNECT_IVL: _NEVER_MS,
            zmq.HEARTBEAT_IVL: math.ceil(heartbeat.interval_s * 1000),
            zmq.HEARTBEAT_TIMEOUT: dead_after_ms,
            zmq.HEARTBEAT_TTL: dead_after_ms,
        }.items():
            self._socket.set(option, value)

    def _close_monitor(self) -> None:
        self._socket.disable_monitor()
        self._monitor.close()

    def _take_back(self, call_id: int) -> None:
        self._send([cancellation(call_id)])
        self.is_free = True

    def _send(self, frames: Sequence[Frame]) -> None:
        last = len(frames) - 1
        for index, frame in enumerate(frames):
            flags = zmq.NOBLOCK if index == last else zmq.NOBLOCK | zmq.SNDMORE
            self._socket.send(frame, flags, copy=len(frame) <= _COPIED_BYTES_MAX)

    def _wait(self, seconds: float) -> bool:
        """Waits for anything to happen; returns whether a message has come."""
        ready = dict(self._poller.poll(math.ceil(seconds * 1000)))
        if self._monitor in ready:
            self._note_events()
        if self._woken.fileno() in ready:
            with suppress(BlockingIOError):
                self._woken.recv(_WOKEN_BYTES)
        return self._socket in ready

    def _note_events(self) -> None:
        while int(self._monitor.get(zmq.EVENTS)) & zmq.POLLIN:
            event, _ = _EVENT.unpack(self._monitor.recv_multipart()[0])
            if event == _CONNECTED:
                self.is_connected = True
            else:
                self._is_lost = True


def _cancelled() -> TransportError:
    return TransportError(_Code.CANCELLED, "cancelled by the client")


def _late(deadline: Deadline, where: str) -> TransportError:
    return TransportError(
        _Code.DEADLINE_EXCEEDED, f"the deadline of {deadline.seconds:g} s passed: {where}"
    )
