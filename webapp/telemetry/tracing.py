"""Spans of OpenTelemetry, where it is installed: of requests, and of the steps of a recognition.

Only its API is used here. Whoever wants to see traces starts the program with a provider, for
example by ``opentelemetry-instrument``. Names are those of the semantic conventions for HTTP,
https://opentelemetry.io/docs/specs/semconv/http/http-spans/.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask, Response, g, request

try:
    from opentelemetry import context, propagate, trace
except ImportError:
    HAS_OPENTELEMETRY = False
else:
    HAS_OPENTELEMETRY = True

_SCOPE = "webapp"
_ERROR_FROM = 500


def register_tracing(app: Flask) -> None:
    """Make a span for each request, as part of its caller's trace; nothing without OpenTelemetry.

    The caller's trace comes with the headers ``traceparent`` and ``tracestate``, as W3C's Trace
    Context has it.
    """
    if HAS_OPENTELEMETRY:
        app.before_request(_begin)
        app.after_request(_describe)
        app.teardown_request(_end)


@contextmanager
def span(name: str) -> Iterator[None]:
    """Make a span of what happens inside of the block.

    Args:
        name: What that is.
    """
    if not HAS_OPENTELEMETRY:
        yield
        return
    with trace.get_tracer(_SCOPE).start_as_current_span(name):
        yield


def _begin() -> None:
    route = request.url_rule.rule if request.url_rule else ""
    attributes: dict[str, str] = {
        "http.request.method": request.method,
        "url.path": request.path,
        "url.scheme": request.scheme,
    }
    if route:
        attributes["http.route"] = route
    g.span = trace.get_tracer(_SCOPE).start_span(
        f"{request.method} {route}".strip(),
        context=propagate.extract({name.lower(): value for name, value in request.headers.items()}),
        kind=trace.SpanKind.SERVER,
        attributes=attributes,
    )
    g.span_token = context.attach(trace.set_span_in_context(g.span))


def _describe(response: Response) -> Response:
    if "span" in g:
        g.span.set_attribute("http.response.status_code", response.status_code)
        if response.status_code >= _ERROR_FROM:
            g.span.set_attribute("error.type", str(response.status_code))
            g.span.set_status(trace.StatusCode.ERROR)
    return response


def _end(_error: BaseException | None) -> None:
    token = g.pop("span_token", None)
    if token is not None:
        context.detach(token)
        g.pop("span").end()
