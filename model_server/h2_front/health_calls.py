"""Calls about health (grpc.health.v1), which hold no thread and need no token."""

import time
from collections.abc import Callable
from math import inf
from typing import Any

from google.protobuf.message import DecodeError
from grpc import StatusCode
from grpc_health.v1 import health_pb2

from model_server.h2_front.headers import OK_TRAILERS, Metadata, error_trailers, plain_head
from model_server.h2_front.inflow import PREFIX, Inflow
from model_server.h2_front.reply import Reply
from model_server.health import Health
from model_server.status import Code, ServingError

_SERVICE = "/grpc.health.v1.Health/"
CHECK, WATCH = _SERVICE + "Check", _SERVICE + "Watch"


class HealthCall:
    """A call about health; it is a context of the health service's own, too.

    Args:
        reply: Where the answer goes.
        health: The service.
        metadata: What the client says of it.
        inflow: The request, as it comes.
    """

    def __init__(self, reply: Reply, health: Health, metadata: Metadata, inflow: Inflow) -> None:
        wait_s = inf if metadata.timeout_s is None else metadata.timeout_s
        self.stream = reply.stream
        self.inflow = inflow
        self.refusal: ServingError | None = None
        self.is_gone = False
        self.deadline = time.monotonic() + wait_s
        self._reply = reply
        self._health = health
        self._is_watch = metadata.path == WATCH
        self._code: StatusCode | None = None
        self._callbacks: list[Callable[[], None]] = []
        self._has_head = False

    def note_received(self) -> None:
        """Nothing is measured."""

    def run(self) -> None:
        """Answer."""
        try:
            request = self._request()
        except ServingError as error:
            self._send((), error_trailers(error))
            return
        finally:
            self.inflow.close()
        if self._is_watch:
            self._health.Watch(request, self, self._tell)
            if self.is_gone:
                self.left()
            return
        response = self._health.Check(request, self)
        if self._code is None:
            self._send(_parts(response), OK_TRAILERS)
        else:
            self._send((), error_trailers(ServingError(Code(self._code.value[0]), "")))

    def left(self) -> None:
        """Have the service forget it."""
        callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()

    def set_code(self, code: StatusCode) -> None:
        """Note what went wrong; for the health service."""
        self._code = code

    def add_callback(self, callback: Callable[[], None]) -> None:
        """Note what is to be done once the client has left; for the health service."""
        self._callbacks.append(callback)

    def _request(self) -> Any:
        if self.refusal:
            raise self.refusal
        if self.inflow.is_compressed:
            raise ServingError(Code.UNIMPLEMENTED, "A question about health, and compressed?")
        try:
            return health_pb2.HealthCheckRequest.FromString(bytes(self.inflow.message))
        except DecodeError as error:
            raise ServingError(
                Code.INVALID_ARGUMENT, f"The request is no valid message: {error}"
            ) from error

    def _tell(self, response: Any) -> None:
        """Send a status; `None` is the end."""
        if response is None:
            self._send((), OK_TRAILERS)
        else:
            self._send(_parts(response), b"")

    def _send(self, parts: tuple[bytes, ...], trailers: bytes) -> None:
        head = b"" if self._has_head else plain_head()
        self._has_head = True
        self._reply.send(head, parts, trailers)


def _parts(response: Any) -> tuple[bytes, ...]:
    body = response.SerializeToString()
    return PREFIX.pack(0, len(body)), body
