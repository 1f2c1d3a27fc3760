"""Metrics, JSON log lines, and the ids and traces that go along to the model server."""

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client.parser import text_string_to_metric_families
from werkzeug.test import TestResponse

from serving_client import ModelRef, ServingClient, UnavailableError
from serving_client.testing import TinyServer
from webapp import Settings, create_app
from webapp.http.request_id import RequestIdFilter, begin_request
from webapp.services import parts_of
from webapp.telemetry import tracing
from webapp.telemetry.calls import send_request_id
from webapp.telemetry.logs import JsonFormatter
from webapp.testing import FakeModelServer

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"
Numbers = Callable[[], dict[tuple[str, frozenset[tuple[str, str]]], float]]


@pytest.fixture
def numbers(web: FlaskClient) -> Numbers:
    """A function that reads all numbers, by name and labels."""

    def read() -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        families = text_string_to_metric_families(web.get("/metrics").text)
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in families
            for sample in family.samples
        }

    return read


def labels(**values: str) -> frozenset[tuple[str, str]]:
    return frozenset(values.items())


def test_requests_are_counted_by_route(web: FlaskClient, numbers: Numbers) -> None:
    """Addresses are counted by their route, so that there are only so many."""
    for number in range(5):
        web.get(f"/results/{number:032x}")
        web.get(f"/nowhere/{number}")

    found = numbers()

    by_route = labels(method="GET", route="/results/<result_id>", status="404")
    assert found["sightline_requests_total", by_route] == 5
    nowhere = labels(method="GET", route="none", status="404")
    assert found["sightline_requests_total", nowhere] == 5
    timed = labels(method="GET", route="/results/<result_id>")
    assert found["sightline_request_seconds_count", timed] == 5


def test_strange_methods_make_no_labels(web: FlaskClient, numbers: Numbers) -> None:
    """A method that somebody made up is counted with the others of its kind."""
    for number in range(5):
        web.open("/", method=f"MADEUP{number}")

    names = {value for _, pairs in numbers() for name, value in pairs if name == "method"}

    assert names <= {"GET", "POST", "other"}


def test_recognitions_are_counted_by_outcome(
    send: Callable[..., TestResponse], model_server: FakeModelServer, numbers: Numbers
) -> None:
    """Answers and failures are told apart, and the stages of answers are measured."""
    send()
    send()
    model_server.failure = UnavailableError
    send()

    found = numbers()

    done, away = labels(model="toy", outcome="done"), labels(model="toy", outcome="unreachable")
    assert found["sightline_recognitions_total", done] == 2
    assert found["sightline_recognitions_total", away] == 1
    for stage in ("decode", "store", "encode", "serve", "parse", "total"):
        measured = labels(model="toy", stage=stage)
        assert found["sightline_stage_seconds_count", measured] == 2


def test_queue_and_disk_are_told(
    send: Callable[..., TestResponse], photo: bytes, numbers: Numbers
) -> None:
    """What waits, what is kept, and how much room there is can be watched."""
    send()

    found = numbers()

    assert found["sightline_originals_bytes", labels()] == len(photo)
    assert found["sightline_recognitions_running", labels()] == 0
    assert found["sightline_recognitions_waiting", labels()] == 0
    assert found["sightline_quota_bytes", labels()] == 0
    assert found["sightline_disk_free_bytes", labels()] > 0
    assert found["sightline_requests_in_flight", labels()] == 1


def test_metrics_are_there_without_a_database(web: FlaskClient, app: Flask) -> None:
    """Whoever watches hears of everything else while the database is away."""
    parts_of(app).results.close()
    Path(parts_of(app).settings.database_url.removeprefix("sqlite:///")).unlink()

    answer = web.get("/metrics")

    assert answer.status_code == 200
    assert "sightline_build_info" in answer.text
    assert "sightline_originals_bytes" not in answer.text


def record(**fields: object) -> logging.LogRecord:
    return logging.makeLogRecord(
        {"name": "webapp", "levelname": "INFO", "msg": "a %s", "args": ("line",), **fields}
    )


def test_json_line_has_the_request_and_the_fields() -> None:
    """A line is one JSON object with the id of its request and whatever else is known."""
    begin_request("proxy-12345")
    entry = record(status=200)
    RequestIdFilter().filter(entry)

    line = json.loads(JsonFormatter().format(entry))

    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "INFO",
        "logger": "webapp",
        "message": "a line",
        "request_id": "proxy-12345",
        "status": 200,
    }


def test_json_line_is_one_line_whatever_happens() -> None:
    """An exception, a line break and a thing that JSON does not know stay within their line."""
    error = RuntimeError("broken\nin two")
    entry = record(exc_info=(RuntimeError, error, None), thing=Path("a\nb"))

    text = JsonFormatter().format(entry)

    assert "\n" not in text
    assert "broken" in json.loads(text)["exception"]


def test_request_id_goes_along_to_the_model_server() -> None:
    """The model server gets the id of the request that it works for, and none otherwise."""
    models = {"half": lambda inputs: {"y": inputs["x"] / 2}}
    with (
        TinyServer(models) as server,
        ServingClient(server.target, observer=send_request_id) as client,
    ):
        begin_request("proxy-12345")
        client.predict(ModelRef("half"), {"x": np.ones(1, np.float32)})

        headers = dict(server.calls[-1].headers)

    assert headers["x-request-id"] == "proxy-12345"


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """What was traced, with a provider of the test's own."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    yield exporter
    provider.shutdown()


def test_request_is_part_of_its_callers_trace(
    spans: InMemorySpanExporter, web: FlaskClient, photo: bytes
) -> None:
    """A request is a span of the trace that its caller began, with its steps below it."""
    headers = {"traceparent": f"00-{TRACE}-{PARENT}-01"}

    web.post("/api/v1/detections", data=photo, content_type="image/jpeg", headers=headers)

    found: dict[str, ReadableSpan] = {span.name: span for span in spans.get_finished_spans()}
    request = found["POST /api/v1/detections"]
    assert request.kind is trace.SpanKind.SERVER
    assert request.attributes
    assert request.attributes["http.response.status_code"] == 201
    assert request.parent
    assert f"{request.parent.span_id:016x}" == PARENT
    for step in ("decode", "store"):
        span = found[step]
        assert span.parent
        assert request.context
        assert span.parent.span_id == request.context.span_id
        assert f"{span.parent.trace_id:032x}" == TRACE


def test_failed_request_is_an_error_in_its_trace(
    spans: InMemorySpanExporter, settings: Settings, model_server: FakeModelServer
) -> None:
    """A span says when an answer was the site's own fault, and nothing of it leaks to the next."""
    app = create_app(replace(settings, web_port=1), client=model_server.client())
    app.add_url_rule("/broken", "broken", _break)
    web = app.test_client()

    statuses = web.get("/broken").status_code, web.get("/healthz").status_code
    parts_of(app).close()

    broken, healthy = spans.get_finished_spans()
    assert statuses == (500, 200)
    assert broken.status.status_code is trace.StatusCode.ERROR
    assert healthy.status.status_code is trace.StatusCode.UNSET
    assert healthy.parent is None


def test_site_works_without_opentelemetry(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, model_server: FakeModelServer, photo: bytes
) -> None:
    """Nobody has to install it."""
    monkeypatch.setattr(tracing, "HAS_OPENTELEMETRY", False)
    app = create_app(settings, client=model_server.client())

    answer = app.test_client().post("/api/v1/detections", data=photo, content_type="image/jpeg")
    parts_of(app).close()

    assert answer.status_code == 201


def _break() -> str:
    raise RuntimeError
