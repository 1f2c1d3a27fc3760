"""A web server with archives, which goes wrong in the ways that web servers do."""

import socket
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_STALL_MAX_S = 60.0


@dataclass(frozen=True, slots=True)
class Fault:
    """How one answer goes wrong.

    Attributes:
        status: Answer this, without a body.
        cut_after: Hang up after so many bytes of the body.
        stall_after: Send so many bytes of the body, and then nothing for as long as a test takes.
        ignores_range: Send the whole file, whatever was asked for.
        headers: Send these in place of the right ones.
    """

    status: int | None = None
    cut_after: int | None = None
    stall_after: int | None = None
    ignores_range: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Served:
    """One answer: what was asked for, and what was sent."""

    method: str
    path: str
    range: str | None
    status: int
    body_bytes: int


class ArchiveServer(ThreadingHTTPServer):
    """Serves files from memory on loopback, with ranges and validators.

    Attributes:
        files: Content by path.
        validators: Headers that say which version of the files it has.
        faults: Taken by the next GET requests, one each.
        served: All answers, in the order in which they were begun.
        stalled: Set once an answer stalls.
        released: To be set to end stalls.
    """

    def __init__(self, files: Mapping[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.daemon_threads = False
        self.files = dict(files)
        self.validators: dict[str, str] = {"ETag": '"v1"'}
        self.faults: deque[Fault] = deque()
        self.served: list[Served] = []
        self.stalled = threading.Event()
        self.released = threading.Event()

    @property
    def url(self) -> str:
        """Its address, without a path."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    @contextmanager
    def running(self) -> Iterator[None]:
        """Serve in a thread meanwhile."""
        thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield
        finally:
            self.released.set()
            self.shutdown()
            thread.join()
            self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients that hang up are what is tested."""


class _Handler(BaseHTTPRequestHandler):
    server: ArchiveServer
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._answer(Fault(), with_body=False)

    def do_GET(self) -> None:
        faults = self.server.faults
        self._answer(faults.popleft() if faults else Fault(), with_body=True)

    def _answer(self, fault: Fault, *, with_body: bool) -> None:
        # A proxy is asked for whole addresses.
        content = self.server.files.get("/" + self.path.rpartition("/")[2])
        if fault.status is not None or content is None:
            status, headers, body = fault.status or 404, {"Content-Length": "0"}, b""
        else:
            start = None if fault.ignores_range else self._wanted_start()
            status, headers, body = _part(content, start)
            headers |= self.server.validators
        self._send(status, {**headers, **fault.headers}, body if with_body else b"", fault)

    def _wanted_start(self) -> int | None:
        """The first byte asked for, if the client holds the beginning of the same version."""
        if self.headers.get("If-Range") not in self.server.validators.values():
            return None
        return int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))

    def _send(self, status: int, headers: Mapping[str, str], body: bytes, fault: Fault) -> None:
        stop = fault.cut_after if fault.stall_after is None else fault.stall_after
        sent = body[:stop]
        wanted = self.headers.get("Range")
        self.server.served.append(Served(self.command, self.path, wanted, status, len(sent)))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(sent)
        self.wfile.flush()
        if fault.stall_after is not None:
            self.server.stalled.set()
            self.server.released.wait(_STALL_MAX_S)
        if stop is not None:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_: object) -> None:
        """Say nothing: tests look at `served`."""


def _part(content: bytes, start: int | None) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers and body of an answer that begins at byte `start`."""
    if start is None:
        return 200, {"Content-Length": str(len(content))}, content
    if start >= len(content):
        return 416, {"Content-Range": f"bytes */{len(content)}", "Content-Length": "0"}, b""
    body, span = content[start:], f"bytes {start}-{len(content) - 1}/{len(content)}"
    return 206, {"Content-Range": span, "Content-Length": str(len(body))}, body
