"""The REST front end: the routes that tell about models, over WSGI."""

import json
import logging
import re
import threading
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from google.protobuf.json_format import MessageToDict
from tensorflow_serving.apis.get_model_metadata_pb2 import (
    GetModelMetadataRequest,
    SignatureDefMap,
)
from tensorflow_serving.apis.get_model_status_pb2 import GetModelStatusRequest
from tensorflow_serving.apis.model_pb2 import ModelSpec
from waitress import wasyncore
from waitress.server import create_server

from model_server.access_log import log_access
from model_server.core import ServerCore
from model_server.listening import address, listen
from model_server.metadata import SIGNATURE_DEF, model_metadata
from model_server.model_status import model_status
from model_server.status import HTTP_STATUS, Code, ServingError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

logger = logging.getLogger(__name__)

_MODEL_ROUTE = re.compile(
    r"/v1/models(?:/(?P<name>[^/:]+))?"
    r"(?:/versions/(?P<version>[0-9]+)|/labels/(?P<label>[^/:]+))?(?P<metadata>/metadata)?",
    re.IGNORECASE,
)
_VERSION_MAX = 2**63 - 1
_VERSION_DIGITS_MAX = 19
_DRAIN_POLL_S = 0.02

Payload = dict[str, Any]


class RestApp:
    """The WSGI application: `GET /v1/models/<name>[/versions/N|/labels/L][/metadata]`."""

    def __init__(self, core: ServerCore) -> None:
        self._core = core

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer one request."""
        method, path = environ["REQUEST_METHOD"], environ["REQUEST_URI"]
        if not path.lower().startswith("/v1/"):
            start_response("404 Not Found", [("Content-Type", "text/plain")])
            return [b"Not Found\n"]
        started = time.perf_counter()
        spec, payload, error = self._answered(method, path)
        log_access(f"{method} {path}", spec, error, time.perf_counter() - started)
        body = json.dumps(payload, indent=1).encode()
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        start_response(HTTP_STATUS[error.code if error else Code.OK], headers)
        return [body]

    def _answered(self, method: str, path: str) -> tuple[ModelSpec, Payload, ServingError | None]:
        """Return which model was meant, what to say, and what went wrong."""
        spec, error = ModelSpec(), None
        try:
            return spec, self._answer(method, path, spec), None
        except ServingError as caught:
            error = caught
        except Exception:
            # The edge of the process: the client learns that we failed, the log learns why.
            logger.exception("%s %s failed", method, path)
            error = ServingError(Code.INTERNAL, f"{method} {path} failed; see the server's log")
        return spec, {"error": error.message}, error

    def _answer(self, method: str, path: str, spec: ModelSpec) -> Payload:
        """Answer a request, and fill in the model it means on the way."""
        match = _MODEL_ROUTE.fullmatch(path)
        if method != "GET" or not match:
            raise _invalid(f"Malformed request: {method} {path}")
        if not match["name"]:
            raise _invalid("Missing model name in request.")
        _fill_spec(spec, match)
        return self._metadata(spec) if match["metadata"] else self._status(spec)

    def _status(self, spec: ModelSpec) -> Payload:
        return _as_dict(model_status(self._core, GetModelStatusRequest(model_spec=spec)))

    def _metadata(self, spec: ModelSpec) -> Payload:
        request = GetModelMetadataRequest(model_spec=spec, metadata_field=[SIGNATURE_DEF])
        response = model_metadata(self._core, request)
        signatures = SignatureDefMap()
        response.metadata[SIGNATURE_DEF].Unpack(signatures)
        return {
            "model_spec": _as_dict(response.model_spec),
            "metadata": {SIGNATURE_DEF: _as_dict(signatures)},
        }


def _fill_spec(spec: ModelSpec, match: re.Match[str]) -> None:
    spec.name = unquote(match["name"])
    if match["label"]:
        spec.version_label = unquote(match["label"])
    elif match["version"]:
        digits = match["version"].lstrip("0") or "0"
        if len(digits) > _VERSION_DIGITS_MAX or int(digits) > _VERSION_MAX:
            raise _invalid(f"Failed to convert version: {match['version']} to numeric.")
        spec.version.value = int(digits)


def _as_dict(message: Any) -> Payload:
    return MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )


def _invalid(message: str) -> ServingError:
    return ServingError(Code.INVALID_ARGUMENT, message)


class RestFront:
    """The HTTP server.

    Args:
        core: Where the models are.
        threads: How many requests run at once; the others wait.
    """

    def __init__(self, core: ServerCore, *, threads: int) -> None:
        self._app = RestApp(core)
        self._threads = threads
        self._server: Any = None

    def start(self, host: str, port: int) -> None:
        """Listen, and answer requests from now on.

        Raises:
            ListenError: The port cannot be had.
        """
        self._server = create_server(self._app, sockets=[listen(host, port)], threads=self._threads)
        threading.Thread(target=self._server.run, name="rest", daemon=True).start()
        logger.info("Exporting HTTP/REST API at:%s ...", address(host, port))

    def drain(self, grace_s: float) -> None:
        """Refuse new connections, and wait for the requests that were accepted."""
        if self._server is None:
            return
        # Only the listener closes: the workers still wake the main loop to send their answers.
        self._server.trigger.pull_trigger(self._close_listener)
        deadline = time.monotonic() + grace_s
        while self._is_busy() and time.monotonic() < deadline:
            time.sleep(_DRAIN_POLL_S)

    def _close_listener(self) -> None:
        wasyncore.dispatcher.close(self._server)

    def _is_busy(self) -> bool:
        channels = tuple(self._server.active_channels.values())
        return any(channel.requests or channel.total_outbufs_len for channel in channels)
