"""The WSGI application: one request in, one answer out."""

import logging
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tensorflow_serving.apis.model_pb2 import ModelSpec

from model_server.access_log import log_access
from model_server.core import ServerCore
from model_server.metrics import record_call, render
from model_server.rest.body import inflated
from model_server.rest.calls import classify_call, predict_call, regress_call
from model_server.rest.errors import RequestTooLargeError, http_status
from model_server.rest.json_answer import error_answer
from model_server.rest.json_document import parse_object
from model_server.rest.json_predict import signature_name_of
from model_server.rest.pages import (
    metadata_page,
    models_page,
    page_text,
    status_page,
    unready_models,
)
from model_server.rest.request_id import request_id_of
from model_server.rest.routes import Ask, read_route
from model_server.rest.settings import RestSettings
from model_server.status import Code, ServingError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

logger = logging.getLogger(__name__)

_API = "/v1/"
_ORIGIN = re.compile("^https?://[^/]*", re.IGNORECASE)
_PAGES = {Ask.MODELS: models_page, Ask.STATUS: status_page, Ask.METADATA: metadata_page}
_CALLS = {Ask.PREDICT: predict_call, Ask.CLASSIFY: classify_call, Ask.REGRESS: regress_call}
_CALL_NAMES = {"predict": "Predict", "classify": "Classify", "regress": "Regress"}
_CORS_HEADERS = (
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Allow-Methods", "POST, GET"),
    ("Access-Control-Allow-Headers", "Content-Type"),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What to send back: a status line, text, and the version of the model it came from."""

    status: str
    text: str
    version: int | None = None
    content_type: str = "application/json"


class RestApp:
    """Answers requests.

    Args:
        core: Where the models are.
        settings: The limits.

    Attributes:
        is_draining: Whether `/readyz` tells that the server is about to go.
    """

    def __init__(self, core: ServerCore, settings: RestSettings) -> None:
        self.is_draining = False
        self._core = core
        self._settings = settings

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer one request."""
        request_id = request_id_of(environ.get("HTTP_X_REQUEST_ID", ""))
        is_api = _path(environ).lower().startswith(_API)
        answer = self._api_answer(environ, request_id) if is_api else self._page(environ)
        # A string of a tensor that is no UTF-8 goes out byte for byte.
        body = answer.text.encode("utf-8", "surrogateescape")
        headers = [
            ("Content-Type", answer.content_type),
            ("Content-Length", str(len(body))),
            ("X-Request-Id", request_id),
        ]
        if answer.version is not None:
            headers.append(("X-Model-Version", str(answer.version)))
        if is_api and self._settings.allow_cors:
            headers.extend(_CORS_HEADERS)
        start_response(answer.status, headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    def _page(self, environ: "WSGIEnvironment") -> Answer:
        """Answer a request for what is no part of the API."""
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        if method in ("GET", "HEAD") and path == "/healthz":
            return Answer(http_status(None), page_text({"status": "alive"}))
        if method in ("GET", "HEAD") and path == "/readyz":
            return self._readiness()
        if method == "GET" and path == self._settings.metrics_path:
            return Answer(http_status(None), render().decode(), content_type="text/plain")
        return Answer("404 Not Found", error_answer("Not Found"))

    def _readiness(self) -> Answer:
        unready = unready_models(self._core)
        if self.is_draining or unready:
            status = "draining" if self.is_draining else "loading"
            document = {"status": status, "models_not_available": unready}
            return Answer("503 Service Unavailable", page_text(document))
        return Answer(http_status(None), page_text({"status": "ready"}))

    def _api_answer(self, environ: "WSGIEnvironment", request_id: str) -> Answer:
        """Answer a request for a model; errors become answers too, and each call a log line."""
        started = time.perf_counter()
        call = f"{environ['REQUEST_METHOD']} {_path(environ)}"
        spec, text, error = ModelSpec(), "", None
        try:
            text = self._text(environ, spec)
        except ServingError as caught:
            error = caught
        except Exception:
            # The edge of the process: the client learns that we failed, the log learns why.
            logger.exception("%r failed, request_id=%s", call, request_id)
            error = ServingError(Code.INTERNAL, f"{call} failed; see the server's log")
        # An address is free of line breaks, but not of what else confuses a terminal.
        shown = call if call.isprintable() else ascii(call)
        took_s = time.perf_counter() - started
        log_access(shown, spec, error, took_s, request_id)
        if spec.name and (name := _CALL_NAMES.get(call.rpartition(":")[2].lower())):
            record_call(name, "REST", spec, error, took_s)
        if error:
            return Answer(http_status(error), error_answer(error.message))
        return Answer(http_status(None), text, _version(spec))

    def _text(self, environ: "WSGIEnvironment", spec: ModelSpec) -> str:
        """Write the answer, and fill in the model it comes from on the way."""
        method = environ["REQUEST_METHOD"]
        if method == "OPTIONS":
            return _preflight_text(environ.get("HTTP_ORIGIN", ""))
        ask = read_route(method, _path(environ), spec)
        if ask in _PAGES:
            return page_text(_PAGES[ask](self._core, spec))
        document = self._document(environ)
        spec.signature_name = signature_name_of(document)
        return _CALLS[ask](self._core, self._settings, spec, document)

    def _document(self, environ: "WSGIEnvironment") -> dict[str, Any]:
        """Read the JSON object that was sent."""
        settings = self._settings
        body = environ["wsgi.input"].read(settings.body_bytes_max + 1)
        if len(body) > settings.body_bytes_max:
            raise RequestTooLargeError(
                f"The body is larger than the {settings.body_bytes_max} bytes that this server "
                "accepts"
            )
        encoding = environ.get("HTTP_CONTENT_ENCODING", "")
        body = inflated(body, encoding, settings.inflated_bytes_max)
        return parse_object(body, settings.json_depth_max)


def _path(environ: "WSGIEnvironment") -> str:
    """Return the path as it was sent, with its query, and without what a proxy puts before it."""
    return _ORIGIN.sub("", environ["REQUEST_URI"])


def _version(spec: ModelSpec) -> int | None:
    return int(spec.version.value) if spec.HasField("version") else None


def _preflight_text(origin: str) -> str:
    """Answer the question of a browser whether it may send a request.

    Raises:
        ServingError: It was no browser that asked.
    """
    if not origin.startswith("http"):
        raise ServingError(Code.FAILED_PRECONDITION, "Origin header is missing in CORS preflight")
    return ""
