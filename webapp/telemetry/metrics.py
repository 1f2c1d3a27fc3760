"""Numbers for Prometheus: requests, recognitions, and where their time goes.

Every label has few values: routes and not addresses, models that are installed, kinds of failure.
"""

import platform
import time
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version

from flask import Flask, Response, g, request
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info
from prometheus_client.exposition import generate_latest

from webapp.results import Result, State

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# From a kept answer to the longest wait for a model server.
_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_STAGE_BUCKETS_S = (0.0005, 0.001, 0.0025, *_BUCKETS_S)
_NO_ROUTE = "none"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """The numbers of one application.

    Attributes:
        registry: Where they are kept, to add others to.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        registry = self.registry
        self._requests = Counter(
            "sightline_requests", "Requests that were answered", ("method", "route", "status"),
            registry=registry,
        )  # fmt: skip
        self._seconds = Histogram(
            "sightline_request_seconds", "How long answers took", ("method", "route"),
            registry=registry, buckets=_BUCKETS_S,
        )  # fmt: skip
        self._in_flight = Gauge(
            "sightline_requests_in_flight", "Requests worked on now", registry=registry
        )
        self._recognitions = Counter(
            "sightline_recognitions", "Pictures that a model was asked about",
            ("model", "outcome"), registry=registry,
        )  # fmt: skip
        self._stages = Histogram(
            "sightline_stage_seconds", "How long the parts of a recognition took",
            ("model", "stage"), registry=registry, buckets=_STAGE_BUCKETS_S,
        )  # fmt: skip
        build = Info("sightline_build", "What runs", registry=registry)
        build.info({"version": _version(), "python": platform.python_version()})

    def register(self, app: Flask) -> None:
        """Count every request."""
        app.before_request(self._begin)
        app.after_request(self._answered)
        app.teardown_request(self._end)

    def note_recognition(self, result: Result) -> None:
        """Count what became of a picture.

        Args:
            result: The result, answered or not.
        """
        outcome = "done" if result.state is State.DONE else str(result.failure_kind)
        self._recognitions.labels(result.model_name, outcome).inc()
        for stage, span_ms in (asdict(result.times) if result.times else {}).items():
            self._stages.labels(result.model_name, stage).observe(span_ms / 1000)

    def text(self) -> bytes:
        """Return all numbers in Prometheus' own format."""
        return generate_latest(self.registry)

    def _begin(self) -> None:
        g.counted_from_s = time.perf_counter()
        self._in_flight.inc()

    def _answered(self, response: Response) -> Response:
        if "counted_from_s" in g:
            method = request.method if request.method in _METHODS else "other"
            route = request.url_rule.rule if request.url_rule else _NO_ROUTE
            span_s = time.perf_counter() - g.counted_from_s
            self._requests.labels(method, route, str(response.status_code)).inc()
            self._seconds.labels(method, route).observe(span_s)
        return response

    def _end(self, _error: BaseException | None) -> None:
        if g.pop("counted_from_s", None) is not None:
            self._in_flight.dec()


def _version() -> str:
    try:
        return version("sightline")
    except PackageNotFoundError:  # run from its sources
        return "unknown"
