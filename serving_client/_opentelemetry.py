"""Calls as spans of OpenTelemetry, and their trace context in the headers.

Names follow the semantic conventions for gRPC,
https://opentelemetry.io/docs/specs/semconv/rpc/grpc/; what they have no name for begins with
`serving.`.
"""

from functools import cache
from typing import Any

from serving_client._observing import AttemptInfo, CallEnd, CallObserver, CallStart, Observer
from serving_client._transport import Headers
from serving_client.exceptions import ConfigError

__all__ = ["OpenTelemetryObserver", "default_observers", "installed_observer"]

_PACKAGE = "tensorflow.serving"
_NOT_GRPC = frozenset({"http", "https", "zmq"})
_MODEL_SERVICE = frozenset({"GetModelStatus", "HandleReloadConfigRequest"})


def default_observers() -> tuple[Observer, ...]:
    """OpenTelemetry's observer where the package is installed and in use, else none."""
    observer = installed_observer()
    return () if observer is None or observer.is_idle else (observer,)


@cache
def installed_observer() -> "OpenTelemetryObserver | None":
    """OpenTelemetry's observer; None where the package is not installed."""
    try:
        return OpenTelemetryObserver()
    except ConfigError:
        return None


class OpenTelemetryObserver:
    """Makes a span for each call, and sends its context along.

    The server, and whatever it calls, can join the trace: the context travels as the global
    propagator of OpenTelemetry says, by default in `traceparent`, as W3C's Trace Context has it.

    Args:
        tracer_provider: makes the spans; the global one if None.

    Raises:
        ConfigError: the package opentelemetry-api is not installed.
    """

    def __init__(self, tracer_provider: Any = None) -> None:
        try:
            from opentelemetry import context, propagate, trace  # noqa: PLC0415  an optional extra
        except ImportError as error:
            raise ConfigError(
                "OpenTelemetry needs a package: pip install 'sightline[opentelemetry]'"
            ) from error
        self._context = context
        self._trace = trace
        self._propagate = propagate
        self._provider = tracer_provider
        self._tracer = trace.get_tracer("serving_client", tracer_provider=tracer_provider)

    def __call__(self, start: CallStart) -> CallObserver | None:
        """Starts the span of a call, as a child of the one that is current."""
        if not self._has_provider():
            current = self._context.get_current()
            return _PassedOn(self._headers(current)) if current else None
        span = self._tracer.start_span(
            _method(start.rpc), kind=self._trace.SpanKind.CLIENT, attributes=_attributes(start)
        )
        headers = self._headers(self._trace.set_span_in_context(span))
        return _Span(headers, span, self._trace.StatusCode.ERROR)

    @property
    def is_idle(self) -> bool:
        """Whether a call that begins now would leave no trace."""
        return not (self._context.get_current() or self._has_provider())

    def _has_provider(self) -> bool:
        """Whether spans go anywhere; without a provider there is only a context to pass on."""
        provider = self._provider or self._trace.get_tracer_provider()
        return not isinstance(provider, self._trace.ProxyTracerProvider)

    def _headers(self, context: Any) -> Headers:
        headers: dict[str, str] = {}
        self._propagate.inject(headers, context)
        return tuple(headers.items())


class _PassedOn(CallObserver):
    """A call that carries the context of its caller."""

    def __init__(self, headers: Headers) -> None:
        self.headers = headers


class _Span(_PassedOn):
    """The span of one call."""

    def __init__(self, headers: Headers, span: Any, error_status: Any) -> None:
        super().__init__(headers)
        self._span = span
        self._error_status = error_status

    def attempt_started(self, attempt: AttemptInfo) -> None:
        """See `CallObserver.attempt_started`."""
        if attempt.number > 1:
            fields = {"serving.server": attempt.server, "serving.is_hedge": attempt.is_hedge}
            self._span.add_event("another attempt", fields)

    def attempt_failed(self, attempt: AttemptInfo, status: str, detail: str) -> None:
        """See `CallObserver.attempt_failed`."""
        fields = {
            "serving.server": attempt.server,
            "rpc.response.status_code": status,
            "serving.detail": detail,
        }
        self._span.add_event("attempt failed", fields)

    def call_ended(self, end: CallEnd) -> None:
        """See `CallObserver.call_ended`."""
        self._span.set_attributes(_end_attributes(end))
        if end.error is not None:
            self._span.set_attribute("error.type", end.status)
            self._span.set_status(self._error_status, str(end.error) or end.status)
        self._span.end()


def _method(rpc: str) -> str:
    service = "ModelService" if rpc in _MODEL_SERVICE else "PredictionService"
    return f"{_PACKAGE}.{service}/{rpc}"


def _attributes(start: CallStart) -> dict[str, str | int | float]:
    scheme, _, address = start.target.partition("://")
    attributes: dict[str, str | int | float] = {
        "rpc.system.name": scheme if scheme in _NOT_GRPC else "grpc",
        "rpc.method": _method(start.rpc),
        "server.address": address,
        "serving.timeout_s": start.timeout_s,
    }
    host, _, port = address.rpartition(":")
    if not scheme.endswith("unix") and port.isdigit() and "," not in address:
        attributes |= {"server.address": host.strip("[]"), "server.port": int(port)}
    if start.model is not None:
        attributes["serving.model"] = start.model
    if start.signature is not None:
        attributes["serving.signature"] = start.signature
    if start.version is not None:
        attributes["serving.version_asked"] = start.version
    if start.label is not None:
        attributes["serving.label"] = start.label
    return attributes


def _end_attributes(end: CallEnd) -> dict[str, str | int | float]:
    attributes: dict[str, str | int | float] = {
        "rpc.response.status_code": end.status,
        "serving.attempts": end.attempts,
        "serving.hedges": end.hedges,
        "serving.server": end.server,
        "serving.encode_s": end.encode_s,
        "serving.wire_s": end.wire_s,
        "serving.decode_s": end.decode_s,
        "serving.request_bytes": end.request_bytes,
        "serving.answer_bytes": end.answer_bytes,
    }
    if end.version is not None:
        attributes["serving.version"] = end.version
    return attributes
