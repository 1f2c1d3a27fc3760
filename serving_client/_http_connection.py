"""One connection of HTTP/1.1, each of whose waits ends with a deadline.

It stands on the standard library's `http.client`, whose time-outs are those of single socket
operations: a server that sends a byte now and then could hold it for ever.
"""

import io
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import Message
from http.client import HTTPConnection, HTTPResponse

from serving_client._deadline import Deadline

__all__ = ["AnswerTooLargeError", "Connection", "HttpAnswer", "HttpRequest", "TimedSocket"]

_IDLE_MAX_S = 30.0  # servers and balancers hang up on connections that are idle for a minute or so
_TIMEOUT_MIN_S = 0.001  # 0 would mean "do not wait at all" to a socket
_BLOCK_BYTES = 1 << 20


class AnswerTooLargeError(Exception):
    """An answer is larger than allowed, and was not read to its end."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """What to ask.

    Attributes:
        method: "GET" or "POST".
        path: quoted, from its slash on.
        headers: by name.
        body: None for a method that has none.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What came back: status and its reason, headers by name in any case, and the body."""

    status: int
    reason: str
    headers: Message
    body: bytes


class TimedSocket:
    """A connected socket, as `http.client` uses it, whose waiting ends with a deadline.

    Args:
        raw: the socket.

    Attributes:
        deadline: of the exchange that is under way.
    """

    def __init__(self, raw: socket.socket, deadline: Deadline) -> None:
        self._raw = raw
        self.deadline = deadline

    def sendall(self, data: bytes) -> None:
        """Sends all of it."""
        self.set_timeout()
        self._raw.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        """A reader of what is received."""
        return io.BufferedReader(_TimedReader(self._raw.makefile("rb", 0), self))

    def set_timeout(self) -> None:
        """Lets the next operation take what time is left.

        Raises:
            TimeoutError: there is none.
        """
        if self.deadline.remaining_s <= 0:
            raise TimeoutError("timed out")
        self._raw.settimeout(max(self.deadline.remaining_s, _TIMEOUT_MIN_S))

    def is_quiet(self) -> bool:
        """Whether the server has neither hung up nor said anything that nobody asked for."""
        self._raw.setblocking(False)
        try:
            socket.socket.recv(self._raw, 1, socket.MSG_PEEK)  # below TLS, if there is any
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def shut_down(self) -> None:
        """Ends the connection; a thread that waits for it wakes up."""
        with suppress(OSError):  # it may be down already
            socket.socket.shutdown(self._raw, socket.SHUT_RDWR)  # below TLS, if there is any

    def close(self) -> None:
        """Frees the socket, once nothing reads from it any more."""
        self._raw.close()


class _TimedReader(io.RawIOBase):
    """What a socket receives, within its deadline."""

    def __init__(self, raw: socket.SocketIO, timed: TimedSocket) -> None:
        self._raw = raw
        self._timed = timed

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview, /) -> int | None:  # type: ignore[override]  # it is given nothing else
        self._timed.set_timeout()
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class Connection:
    """A connection that is open, and makes one exchange at a time.

    Args:
        host, port: of the server, as requests name it.
        timed: its socket.
    """

    def __init__(self, host: str, port: int, timed: TimedSocket) -> None:
        self._timed = timed
        self._http = HTTPConnection(host, port)
        self._http.auto_open = 0
        self._http.sock = timed
        self._idle_since = time.monotonic()

    @property
    def is_open(self) -> bool:
        """Whether the server is ready for another exchange."""
        return self._http.sock is not None

    @property
    def is_fresh(self) -> bool:
        """Whether it has not been idle for too long."""
        return time.monotonic() - self._idle_since < _IDLE_MAX_S

    @property
    def is_usable(self) -> bool:
        """Whether another exchange can be made over it."""
        return self.is_open and self.is_fresh and self._timed.is_quiet()

    def exchange(self, request: HttpRequest, deadline: Deadline, bytes_max: int) -> HttpAnswer:
        """Makes one exchange; see `HttpServer.ask`."""
        self._timed.deadline = deadline
        # Who refuses a large body may answer, and hang up, without reading it.
        with suppress(BrokenPipeError, ConnectionResetError):
            self._http.request(request.method, request.path, request.body, request.headers)
        with self._http.getresponse() as response:
            body = _read(response, bytes_max)
        self._idle_since = time.monotonic()
        return HttpAnswer(response.status, response.reason, response.headers, body)

    def abort(self) -> None:
        """Ends the exchange under way, of another thread."""
        self._timed.shut_down()

    def close(self) -> None:
        """Frees the socket."""
        self._http.close()
        self._timed.close()


def _read(response: HTTPResponse, bytes_max: int) -> bytes:
    """The body, which must be complete.

    Raises:
        AnswerTooLargeError: it is longer than allowed.
        IncompleteRead: the connection ended before it did.
    """
    announced = response.length
    if announced is not None and announced <= bytes_max:
        return response.read()
    body = bytearray()
    while announced is None and len(body) <= bytes_max:
        block = response.read(min(_BLOCK_BYTES, bytes_max + 1 - len(body)))
        if not block:
            return bytes(body)
        body += block
    raise AnswerTooLargeError(f"the answer is larger than message_bytes_max, {bytes_max} bytes")
