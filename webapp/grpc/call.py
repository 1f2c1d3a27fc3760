"""What every call has around its work: an id, a check at the door, a status, a line in the log."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event
from typing import NoReturn

import grpc

from webapp.access.actors import Actor, Scope
from webapp.grpc.door import Door
from webapp.grpc.errors import is_unexpected, trouble_of
from webapp.http.request_id import begin_request, request_id

_STATUS = "grpc-status-details-bin"
_REQUEST_ID = "x-request-id"
_log = logging.getLogger("webapp.access")


@dataclass(slots=True)
class Call:
    """A call that was let in.

    Attributes:
        actor: Who calls.
        time_left_s: Says how many seconds there are until the caller's deadline; None without one.
        model_name: The model that it was about, for the log.
    """

    actor: Actor
    time_left_s: Callable[[], float | None]
    model_name: str = "-"


@dataclass(slots=True)
class Calls:
    """Answers calls.

    Attributes:
        door: Who is let in.
        entrance: Set while calls go on at once; a stop clears it for a moment.
    """

    door: Door
    entrance: Event = field(default_factory=Event)

    def __post_init__(self) -> None:
        self.entrance.set()

    @contextmanager
    def answering(self, method: str, scope: Scope, context: grpc.ServicerContext) -> Iterator[Call]:
        """Let a call in, and make a status of whatever goes wrong inside of the block.

        Args:
            method: Its name.
            scope: What it takes.
            context: As gRPC has it.
        """
        self.entrance.wait()
        started_s, code = time.perf_counter(), grpc.StatusCode.CANCELLED
        headers = _headers(context)
        begin_request(headers.get(_REQUEST_ID))
        call = Call(Actor("", scopes=frozenset()), context.time_remaining)
        try:
            call.actor = self.door.admit(context.peer(), headers, scope)
            yield call
            context.set_trailing_metadata(((_REQUEST_ID, request_id()),))
            code = grpc.StatusCode.OK
        except Exception as error:  # noqa: BLE001  the edge of the process
            code = trouble_of(error).code
            _abort(method, context, error)
        finally:
            _note(method, code, call, (time.perf_counter() - started_s) * 1000)


def _headers(context: grpc.ServicerContext) -> Mapping[str, str]:
    pairs = context.invocation_metadata()
    return {name: value for name, value in pairs if isinstance(value, str)}


def _abort(method: str, context: grpc.ServicerContext, error: Exception) -> NoReturn:
    if is_unexpected(error):
        _log.error("%s failed", method, exc_info=error)
    trouble = trouble_of(error)
    context.set_trailing_metadata(
        ((_REQUEST_ID, request_id()), (_STATUS, trouble.status().SerializeToString()))
    )
    context.abort(trouble.code, trouble.sentence)


def _note(method: str, code: grpc.StatusCode, call: Call, span_ms: float) -> None:
    _log.info(
        "gRPC %s %s %.1f ms model=%s",
        method,
        code.name,
        span_ms,
        call.model_name,
        extra={
            "method": "gRPC",
            "path": method,
            "status": code.name,
            "span_ms": round(span_ms, 1),
            "model": call.model_name,
            "address": call.actor.address,
        },
    )
