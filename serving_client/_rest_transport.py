"""Calls over the REST API.

JSON tells neither the dtypes of outputs nor, with the original server, which version answered.
Both are known from the model's metadata, which is asked for once per version. Our own server names
the version in the header `X-Model-Version`. With one that does not, a call for the newest version,
or for a label, is addressed to the version that the metadata named: so the answer is sure to be of
that version. A newer one is noticed some seconds later.
"""

import gzip
import time
from http.client import HTTPException
from typing import Any, TypeVar, cast

import grpc

from serving_client._calls import (
    Call,
    ClassifyCall,
    MetadataCall,
    PredictCall,
    RegressCall,
    StatusCall,
)
from serving_client._config import Limits, Timeouts, Tls
from serving_client._connection_pool import Exchange
from serving_client._deadline import Deadline
from serving_client._http import HttpServer
from serving_client._http_connection import AnswerTooLargeError, HttpAnswer, HttpRequest
from serving_client._rest_errors import page_words, refusal, unreached
from serving_client._rest_forms import (
    ClassifyForm,
    Document,
    MisfitError,
    PredictForm,
    RegressForm,
    RunForm,
    metadata_bytes,
    parse_document,
    path_of,
    status_bytes,
)
from serving_client._rest_models import KnownModel, KnownModels
from serving_client._target import Target
from serving_client._transport import Cancellation, Headers, Reply, TransportError
from serving_client._values import ModelMetadata, ModelRef
from serving_client.exceptions import AnswerError, ClientClosedError

__all__ = ["RestTransport"]

R = TypeVar("R")

_VERSION_HEADER = "X-Model-Version"
_OK = 200
_GZIP_LEVEL = 1  # digits shrink well at any level
_Code = grpc.StatusCode


class RestTransport:
    """Sends calls as JSON over HTTP/1.1. Safe to use from many threads.

    There are as many connections as calls at once. MultiInference and HandleReloadConfigRequest
    are UNIMPLEMENTED: the REST API does not have them.

    Args:
        target: where to.
        timeouts: how long to wait for a connection.
        limits: how large requests and answers may be, and from what size on to compress requests.
        tls: certificates, for an https:// target.

    Raises:
        ConfigError: the certificates cannot be used.
    """

    def __init__(self, target: Target, timeouts: Timeouts, limits: Limits, tls: Tls) -> None:
        self._limits = limits
        self._server = HttpServer(target, timeouts.connect_s, tls, limits.message_bytes_max)
        self._models = KnownModels()

    def send(
        self,
        call: Call[R],
        *,
        timeout_s: float,
        headers: Headers = (),
        cancellation: Cancellation | None = None,
    ) -> Reply[R]:
        """See `Transport.send`."""
        attempt = _Attempt(self._server, self._limits, Deadline(timeout_s), headers)
        if cancellation is not None:
            cancellation.attach(attempt.exchange.end)
        value = self._carry(call, attempt)
        return Reply(
            cast("R", value),
            attempt.encode_s,
            attempt.wire_s,
            attempt.decode_s,
            attempt.request_bytes,
            attempt.answer_bytes,
        )

    def close(self) -> None:
        """See `Transport.close`."""
        self._server.close()

    def _carry(self, call: Call[Any], attempt: "_Attempt") -> object:
        match call:
            case PredictCall():
                return self._run(PredictForm(call), attempt)
            case ClassifyCall():
                return self._run(ClassifyForm(call), attempt)
            case RegressCall():
                return self._run(RegressForm(call), attempt)
            case MetadataCall():
                return self._fetch(call.model, attempt).metadata
            case StatusCall():
                answer = attempt.ask("GET", path_of(call.model))
                return call.decode(status_bytes(_document(answer)))
        raise TransportError(
            _Code.UNIMPLEMENTED, f"the REST API has no {call.rpc}; use the server's gRPC port"
        )

    def _run(self, form: RunForm[R], attempt: "_Attempt") -> R:
        """Runs a model as far as it is known; if that came to nothing, asks about it once more."""
        known = self._models.find(form.model)
        if known is not None:
            try:
                return self._run_known(form, known, attempt)
            except (MisfitError, AnswerError):
                pass
            except TransportError as error:
                if error.code is not _Code.NOT_FOUND:
                    raise
        return self._run_known(form, self._fetch(form.model, attempt), attempt)

    def _run_known(self, form: RunForm[R], known: KnownModel, attempt: "_Attempt") -> R:
        metadata = known.metadata
        body = attempt.encode(form, metadata)
        where = form.model if known.is_told else metadata.model
        answer = attempt.ask("POST", path_of(where, f":{form.verb}"), body)
        if known.is_told:
            metadata = self._metadata_of(form.model, answer, known, attempt)
        return attempt.decode(form, answer, metadata)

    def _metadata_of(
        self, asked: ModelRef, answer: HttpAnswer, known: KnownModel, attempt: "_Attempt"
    ) -> ModelMetadata:
        """The metadata of the version that an answer says it is of."""
        version = _version(answer)
        if version == known.metadata.model.version:
            return known.metadata
        if version is None:
            raise AnswerError(f"the answer lacks the header {_VERSION_HEADER}, which others had")
        answering = asked.at(version)
        found = self._models.find(answering) or self._fetch(answering, attempt)
        return self._models.note(asked, found.metadata, is_told=True).metadata

    def _fetch(self, asked: ModelRef, attempt: "_Attempt") -> KnownModel:
        answer = attempt.ask("GET", path_of(asked, "/metadata"))
        metadata = MetadataCall(asked).decode(metadata_bytes(_document(answer)))
        is_told = _version(answer) is not None
        return self._models.note(asked, metadata, is_told=is_told)


class _Attempt:
    """The exchanges of one attempt: all within its deadline, and each with its headers.

    Attributes:
        exchange: lets another thread end the attempt.
        encode_s, wire_s, decode_s, request_bytes, answer_bytes: as for `Reply`, of the exchange
            that ran the model where there is one.
    """

    def __init__(
        self, server: HttpServer, limits: Limits, deadline: Deadline, headers: Headers
    ) -> None:
        self._server = server
        self._limits = limits
        self._deadline = deadline
        self._headers = dict(headers)
        self.exchange = Exchange()
        self.encode_s = self.wire_s = self.decode_s = 0.0
        self.request_bytes = self.answer_bytes = 0

    def encode(self, form: RunForm[Any], metadata: ModelMetadata) -> bytes:
        """The body of a request."""
        start = time.perf_counter()
        body = form.body(metadata.signatures.get(form.model.signature)).encode()
        self.encode_s = time.perf_counter() - start
        return body

    def decode(self, form: RunForm[R], answer: HttpAnswer, metadata: ModelMetadata) -> R:
        """The meaning of an answer."""
        start = time.perf_counter()
        signature = form.model.signature
        model = ModelRef(metadata.model.name, metadata.model.version, signature)
        value = form.read(_document(answer), model, metadata.signatures.get(signature))
        self.decode_s = time.perf_counter() - start
        return value

    def ask(self, method: str, path: str, body: bytes | None = None) -> HttpAnswer:
        """Makes one exchange, and returns an answer that is no refusal.

        Raises:
            TransportError: there is none.
        """
        request = HttpRequest(method, self._server.path + path, *self._packed(body))
        start = time.perf_counter()
        answer = self._exchanged(request)
        self.wire_s = time.perf_counter() - start
        self.request_bytes, self.answer_bytes = len(request.body or b""), len(answer.body)
        if answer.status != _OK:
            raise refusal(answer)
        return answer

    def _packed(self, body: bytes | None) -> tuple[dict[str, str], bytes | None]:
        """The headers and the body of a request, which is compressed if that was wished for."""
        if body is None:
            return self._headers, None
        headers = {"content-type": "application/json", **self._headers}
        gzip_bytes_min = self._limits.gzip_bytes_min
        if gzip_bytes_min is not None and len(body) >= gzip_bytes_min:
            headers["content-encoding"] = "gzip"
            body = gzip.compress(body, _GZIP_LEVEL)
        if len(body) > self._limits.message_bytes_max:
            raise TransportError(
                _Code.RESOURCE_EXHAUSTED,
                f"the request has {len(body)} bytes, more than message_bytes_max, "
                f"{self._limits.message_bytes_max}",
            )
        return headers, body

    def _exchanged(self, request: HttpRequest) -> HttpAnswer:
        try:
            return self._server.ask(request, self._deadline, self.exchange)
        except AnswerTooLargeError as error:
            raise TransportError(_Code.RESOURCE_EXHAUSTED, str(error)) from error
        except (OSError, HTTPException) as error:
            if not self.exchange.is_ended:
                raise unreached(error, self._deadline) from error
            if self._server.is_closed:
                raise ClientClosedError("the client was closed during the call") from error
            raise TransportError(_Code.CANCELLED, "cancelled by the client") from error


def _document(answer: HttpAnswer) -> Document:
    try:
        return parse_document(answer.body)
    except AnswerError as error:
        kind = answer.headers.get("Content-Type", "something")
        raise AnswerError(f"{error}; it is {kind}: {page_words(answer)}") from error


def _version(answer: HttpAnswer) -> int | None:
    """The version that an answer says it is of; None if it does not."""
    text = answer.headers.get(_VERSION_HEADER, "")
    return int(text) if text.isascii() and text.isdigit() else None
