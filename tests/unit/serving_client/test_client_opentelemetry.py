"""Calls as spans, and their context on its way to the server."""

import sys
from collections.abc import Iterator

import grpc
import numpy as np
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from serving_client import (
    ConfigError,
    ModelRef,
    NotFoundError,
    OpenTelemetryObserver,
    ServingClient,
    TransportError,
)
from serving_client._opentelemetry import installed_observer
from serving_client.testing import FakeTransport, PredictAnswer, PredictCall

MODEL = ModelRef("half", 3)
X = {"x": np.ones(1)}


def halve(call: PredictCall) -> PredictAnswer:
    return PredictAnswer({"y": call.inputs["x"] / 2}, call.model.at(7))


def once_unavailable() -> FakeTransport:
    def answer(call: PredictCall) -> PredictAnswer:
        if len(transport.calls) == 1:
            raise TransportError(grpc.StatusCode.UNAVAILABLE, "on its way")
        return halve(call)

    transport = FakeTransport({"Predict": answer})
    return transport


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    yield exporter
    exporter.shutdown()


@pytest.fixture
def provider(spans: InMemorySpanExporter) -> Iterator[TracerProvider]:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    yield provider
    provider.shutdown()


def predict(transport: FakeTransport, provider: TracerProvider, target: str = "test:1") -> None:
    observer = OpenTelemetryObserver(provider)
    with ServingClient(
        target,
        transport=transport,
        check_inputs=False,
        sleep=lambda _: None,
        observer=observer,
    ) as client:
        client.predict(MODEL, X)


def only(spans: InMemorySpanExporter) -> ReadableSpan:
    (span,) = spans.get_finished_spans()
    return span


def test_call_is_a_span(spans: InMemorySpanExporter, provider: TracerProvider) -> None:
    """A call is a client span named for its method, with what was asked and what answered."""
    predict(FakeTransport({"Predict": halve}), provider)

    span = only(spans)
    assert span.name == "tensorflow.serving.PredictionService/Predict"
    assert span.kind is trace.SpanKind.CLIENT
    assert span.status.is_unset
    assert span.attributes is not None
    wanted = {
        "rpc.system.name": "grpc", "rpc.method": span.name, "rpc.response.status_code": "OK",
        "server.address": "test", "server.port": 1, "serving.model": "half",
        "serving.version_asked": 3, "serving.version": 7, "serving.signature": "serving_default",
        "serving.attempts": 1,
    }  # fmt: skip
    assert {name: span.attributes[name] for name in wanted} == wanted


def test_span_has_the_attempts_as_events(
    spans: InMemorySpanExporter, provider: TracerProvider
) -> None:
    """A failed attempt and the one that follows are events of the span."""
    predict(once_unavailable(), provider)

    names = [event.name for event in only(spans).events]
    assert names == ["attempt failed", "another attempt"]


def test_failed_call_is_a_span_with_an_error(
    spans: InMemorySpanExporter, provider: TracerProvider
) -> None:
    """The span of a call that fails has the status and says why."""

    def absent(_: PredictCall) -> PredictAnswer:
        raise TransportError(grpc.StatusCode.NOT_FOUND, "no such model")

    with pytest.raises(NotFoundError):
        predict(FakeTransport({"Predict": absent}), provider)

    span = only(spans)
    assert span.status.status_code is trace.StatusCode.ERROR
    assert "no such model" in (span.status.description or "")
    assert (span.attributes or {})["error.type"] == "NOT_FOUND"


def test_context_travels_with_the_call(
    spans: InMemorySpanExporter, provider: TracerProvider
) -> None:
    """Every attempt carries the span's context in `traceparent`, as a child of the caller's."""
    transport = once_unavailable()

    with provider.get_tracer("test").start_as_current_span("page"):
        predict(transport, provider)

    call, page = spans.get_finished_spans()
    assert call.parent == page.context
    assert call.context is not None
    parent = f"00-{call.context.trace_id:032x}-{call.context.span_id:016x}-"
    sent = [dict(headers)["traceparent"] for headers in transport.headers]
    assert [each[: len(parent)] for each in sent] == [parent] * 2


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("grpc://models:8500", ("grpc", "models", 8500)),
        ("grpcs://[fd00::7]:8500", ("grpc", "fd00::7", 8500)),
        ("grpc://a:1,b:2", ("grpc", "a:1,b:2", None)),
        ("unix:///run/s.sock", ("grpc", "/run/s.sock", None)),
        ("http://models:8501", ("http", "models", 8501)),
    ],
)
def test_span_says_where_to(
    target: str,
    expected: tuple[str, str, int | None],
    spans: InMemorySpanExporter,
    provider: TracerProvider,
) -> None:
    """The server's address and port are told in the field's standard names."""
    predict(FakeTransport({"Predict": halve}), provider, target)

    attributes = only(spans).attributes or {}
    names = ("rpc.system.name", "server.address", "server.port")
    assert tuple(attributes.get(name) for name in names) == expected


def test_without_a_provider_the_context_is_passed_on() -> None:
    """With the bare API there is no span to make, and the caller's context still travels."""
    transport = FakeTransport({"Predict": halve})
    caller = trace.SpanContext(7, 8, is_remote=False, trace_flags=trace.TraceFlags(1))

    with (
        trace.use_span(trace.NonRecordingSpan(caller)),
        ServingClient("test:1", transport=transport, check_inputs=False) as client,
    ):
        client.predict(MODEL, X)

    assert transport.headers == [(("traceparent", f"00-{7:032x}-{8:016x}-01"),)]


def test_a_provider_that_is_set_later_is_used(
    spans: InMemorySpanExporter, provider: TracerProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Calls leave no trace until the program sets a provider, and spans from then on."""
    early = OpenTelemetryObserver()
    monkeypatch.setattr("serving_client._opentelemetry.installed_observer", lambda: early)
    with ServingClient(
        "test:1", transport=FakeTransport({"Predict": halve}), check_inputs=False
    ) as client:
        client.predict(MODEL, X)
        monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
        client.predict(MODEL, X)

    assert only(spans).name == "tensorflow.serving.PredictionService/Predict"


def test_missing_package_is_a_config_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without opentelemetry-api the observer says what to install, and the default is none."""
    monkeypatch.setitem(sys.modules, "opentelemetry", None)

    with pytest.raises(ConfigError, match=r"sightline\[opentelemetry\]"):
        OpenTelemetryObserver()

    assert installed_observer.__wrapped__() is None
