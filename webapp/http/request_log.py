"""One line in the log for each request, and its id in the answer."""

import logging
import time

from flask import Flask, Response, g, request

from webapp.http.request_id import begin_request, request_id

# Dozens a second: they are summed up in lines of their own.
_SUMMED_UP = frozenset({"live.look"})
_log = logging.getLogger("webapp.access")


def register_request_log(app: Flask) -> None:
    """Number and log every request; call this before anything else that looks at requests."""
    app.before_request(_begin)
    app.after_request(_end)


def note_model(name: str) -> None:
    """Have the line of this request name the model that it was about."""
    g.model_name = name


def _begin() -> None:
    g.started_s = time.perf_counter()
    begin_request(request.headers.get("X-Request-Id"))


def _end(response: Response) -> Response:
    response.headers["X-Request-Id"] = request_id()
    span_ms = (time.perf_counter() - g.started_s) * 1000
    _log.log(
        logging.DEBUG if request.endpoint in _SUMMED_UP else logging.INFO,
        "%s %s %d %.1f ms model=%s",
        request.method,
        ascii(request.path)[1:-1],
        response.status_code,
        span_ms,
        g.get("model_name", "-"),
        extra={
            "method": request.method,
            "path": request.path,
            "status": response.status_code,
            "span_ms": round(span_ms, 1),
            "model": g.get("model_name"),
            "address": request.remote_addr,
        },
    )
    return response
