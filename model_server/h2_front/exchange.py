"""One call and its answer."""

import logging
import time
from typing import Any

from model_server.access_log import Access, log_access
from model_server.call import Call
from model_server.dropping import drop_if_unwanted
from model_server.h2_front.compression import check_encoding, inflated
from model_server.h2_front.headers import OK_TRAILERS, Metadata, error_trailers, head
from model_server.h2_front.inflow import PREFIX, Inflow
from model_server.h2_front.methods import Method
from model_server.h2_front.outflow import Part
from model_server.h2_front.reply import Reply
from model_server.metrics import record_call
from model_server.model_spec import spec_of
from model_server.request_id import request_id_of
from model_server.status import Code, ServingError

logger = logging.getLogger(__name__)


class Exchange:
    """A call of one of our services, from its headers to its answer.

    Args:
        reply: Where the answer goes.
        method: What is called.
        metadata: What the client says of it.
        inflow: The request, as it comes.
        inflated_bytes_max: The largest request once it is inflated.

    Attributes:
        caller: The name that belongs to the token that was shown; empty without one.
        refusal: Why it is not run, or `None`.
        is_gone: Whether nobody waits for the answer any more.
        bytes_: The memory that the request takes.
    """

    def __init__(
        self,
        reply: Reply,
        method: Method,
        metadata: Metadata,
        inflow: Inflow,
        inflated_bytes_max: int,
    ) -> None:
        self.stream = reply.stream
        self.inflow = inflow
        self.caller = ""
        self.refusal: ServingError | None = None
        self.is_gone = False
        self.bytes_ = 0
        self._reply = reply
        self._method = method
        self._encoding = metadata.headers.get("grpc-encoding", "identity")
        self._inflated_bytes_max = inflated_bytes_max
        self._request_id = request_id_of(metadata.headers.get("x-request-id", ""))
        self._call = Call.within(metadata.timeout_s, lambda: self.is_gone)
        self._call.spent_s["wait"] = 0.0  # stands first in the log
        self._spec: Any = None
        self._error: ServingError | None = None
        self._arrived_s = self._received_s = time.perf_counter()
        self._took_s = 0.0

    @property
    def deadline(self) -> float:
        """When the client gives up, by `time.monotonic`."""
        return self._call.deadline

    def check_encoding(self) -> None:
        """Make sure that the request can be read.

        Raises:
            ServingError: It is compressed, and nobody knows how.
        """
        check_encoding(self._encoding)

    def note_received(self) -> None:
        """Note that the request has come, or that no more of it is waited for."""
        self._received_s = time.perf_counter()
        self.bytes_ = self.inflow.received
        self._call.spent_s["receive"] = self._received_s - self._arrived_s

    def left(self) -> None:
        """Do what is to be done when a client has left; `is_gone` says it already."""

    def run(self) -> None:
        """Run the call, answer it, and write down how it went; for any thread."""
        self._call.spent_s["wait"] = time.perf_counter() - self._received_s
        try:
            parts, trailers = self._response(), OK_TRAILERS
        except ServingError as error:
            self._error = error
            parts, trailers = (), error_trailers(error)
        except Exception:
            # The edge of the process: the client learns that we failed, the log learns why.
            name = self._method.name
            logger.exception("%s failed, request_id=%s", name, self._request_id)
            self._error = ServingError(Code.INTERNAL, f"{name} failed; see the server's log")
            parts, trailers = (), error_trailers(self._error)
        self._took_s = time.perf_counter() - self._arrived_s
        try:
            self._reply.send(head(self._request_id), parts, trailers)
        finally:
            self.inflow.close()
        self._record()

    def refuse(self, error: ServingError) -> None:
        """Answer the call without running it."""
        self.refusal = error
        self.run()

    def _response(self) -> tuple[Part, ...]:
        if self.refusal:
            raise self.refusal
        call = self._call
        drop_if_unwanted(call, None)  # it may have waited for a thread for long
        with call.timed("decode"):
            message = self.inflow.message
            if self.inflow.is_compressed:
                message = inflated(message, self._encoding, self._inflated_bytes_max)
            request, contents = self._method.parsed(message)
        self._spec = spec_of(request)
        response = self._method.run(request, contents, call)
        self._spec = spec_of(response) or self._spec
        body = response.SerializeToString()
        return PREFIX.pack(0, len(body)), body

    def _record(self) -> None:
        """Write it down: in the log since the call came, in the metrics without waits."""
        spent_s = self._call.spent_s
        waited_s = spent_s["wait"] + spent_s.get("receive", 0.0)
        record_call(self._method.name, "GRPC", self._spec, self._error, self._took_s - waited_s)
        log_access(
            Access(
                self._method.name,
                self._spec,
                self._error,
                self._took_s,
                spent_s,
                self._request_id,
                self.caller,
            )
        )
