"""The bytes of one connection, out and in, within deadlines and without a change of threads.

A call is one `sendmsg` and one `recv` if all goes well. The timeouts of Python's sockets would make
that four: each operation asks first whether it can be done, and setting one is an operation, too.
And each of them lets another thread have the interpreter, for which a caller then has to wait. So
the kernel is told how long to wait, once (SO_RCVTIMEO), and sending never waits by itself.
"""

import select
import socket
import ssl
import struct
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol, TypeAlias

from serving_client._deadline import Deadline

__all__ = ["Part", "PlainWire", "TlsWire", "Wire"]

Part: TypeAlias = bytes | memoryview
"""A piece of what is sent; the pieces are never joined in memory."""

_STEP_S = 5.0  # longest wait in the kernel; what is longer is waited for again
_PUNCTUAL_S = 0.2
_EARLY = 7 / 8
_TIMEOUT_MIN_S = 0.001
_TIMEVAL = struct.Struct("@ll")
_PARTS_MAX = 1000  # of one system call; the kernel's limit is 1024
_JOINED_BYTES = 65_536
_EITHER = select.POLLIN | select.POLLOUT


class Wire(Protocol):
    """A connection to a server, over which bytes go both ways."""

    def send(self, parts: Sequence[Part]) -> int:
        """Sends what can be sent without waiting, and says how many bytes that was."""

    def receive(self, view: memoryview, deadline: Deadline) -> int:
        """Waits for bytes, and says how many came; 0 if the server has hung up.

        Raises:
            TimeoutError: the time is over.
        """

    def receive_now(self, view: memoryview) -> int | None:
        """The same without waiting; None if there are none."""

    def wait(self, deadline: Deadline) -> bool:
        """Waits until bytes can be sent or have come, and says whether the latter.

        Raises:
            TimeoutError: the time is over.
        """

    def shut_down(self) -> None:
        """Ends the connection; a thread that waits for it wakes up. For any thread."""

    def close(self) -> None:
        """Frees the socket."""


class PlainWire:
    """A connection that is not encrypted.

    Args:
        raw: the socket, connected.
    """

    def __init__(self, raw: socket.socket) -> None:
        self._raw = raw
        self._raw.settimeout(None)
        self._step_s = 0.0

    def send(self, parts: Sequence[Part]) -> int:
        """See `Wire`."""
        try:
            return self._raw.sendmsg(parts[:_PARTS_MAX], (), socket.MSG_DONTWAIT)
        except BlockingIOError:
            return 0

    def receive(self, view: memoryview, deadline: Deadline) -> int:
        """See `Wire`."""
        while True:
            self._limit(deadline)
            with suppress(BlockingIOError):
                return self._raw.recv_into(view)

    def receive_now(self, view: memoryview) -> int | None:
        """See `Wire`."""
        try:
            return self._raw.recv_into(view, 0, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return None

    def wait(self, deadline: Deadline) -> bool:
        """See `Wire`."""
        return _waited(self._raw, deadline)

    def shut_down(self) -> None:
        """See `Wire`."""
        _shut_down(self._raw)

    def close(self) -> None:
        """See `Wire`."""
        self._raw.close()

    def _limit(self, deadline: Deadline) -> None:
        """Lets the next operation take what time is left, or a step of it.

        Linux ends such a wait up to an eighth later than it was told, 0.2 s after two. So it is
        told to end early, and to wait again for the rest.
        """
        left_s = _left_s(deadline)
        step_s = left_s if left_s <= _PUNCTUAL_S else min(left_s * _EARLY, _STEP_S)
        if step_s != self._step_s:
            self._step_s = step_s
            seconds = int(step_s)
            timeval = _TIMEVAL.pack(seconds, int((step_s - seconds) * 1e6))
            self._raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, timeval)


class TlsWire:
    """A connection that is encrypted.

    Args:
        secure: the socket, after its handshake.
    """

    def __init__(self, secure: ssl.SSLSocket) -> None:
        self._secure = secure

    def send(self, parts: Sequence[Part]) -> int:
        """See `Wire`."""
        self._secure.settimeout(0)
        try:
            return self._secure.send(_joined(parts))
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return 0

    def receive(self, view: memoryview, deadline: Deadline) -> int:
        """See `Wire`."""
        self._secure.settimeout(_left_s(deadline))
        return self._secure.recv_into(view)

    def receive_now(self, view: memoryview) -> int | None:
        """See `Wire`."""
        self._secure.settimeout(0)
        try:
            return self._secure.recv_into(view)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None

    def wait(self, deadline: Deadline) -> bool:
        """See `Wire`."""
        return bool(self._secure.pending()) or _waited(self._secure, deadline)

    def shut_down(self) -> None:
        """See `Wire`."""
        _shut_down(self._secure)

    def close(self) -> None:
        """See `Wire`."""
        self._secure.close()


def _joined(parts: Sequence[Part]) -> Part:
    """The next bytes to be encrypted, which makes a copy of them anyway."""
    first = parts[0]
    if len(parts) == 1 or len(first) >= _JOINED_BYTES:
        return first
    joined = bytearray()
    for part in parts:
        joined += part[: _JOINED_BYTES - len(joined)]
        if len(joined) == _JOINED_BYTES:
            break
    return memoryview(joined)


def _left_s(deadline: Deadline) -> float:
    left_s = deadline.remaining_s
    if left_s <= 0:
        raise TimeoutError("timed out")
    return max(left_s, _TIMEOUT_MIN_S)


def _waited(raw: socket.socket, deadline: Deadline) -> bool:
    poll = select.poll()
    poll.register(raw, _EITHER)
    ready = poll.poll(_left_s(deadline) * 1000)
    if not ready:
        raise TimeoutError("timed out")
    return bool(ready[0][1] & ~select.POLLOUT)


def _shut_down(raw: socket.socket) -> None:
    with suppress(OSError):  # it may be down already
        socket.socket.shutdown(raw, socket.SHUT_RDWR)  # below TLS, if there is any
