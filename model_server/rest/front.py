"""The REST front end: an HTTP server around the application."""

import logging
import threading
import time
from typing import Any

from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import create_server
from waitress.task import ErrorTask, WSGITask

from model_server.core import ServerCore
from model_server.listening import address, listen
from model_server.rest.app import RestApp
from model_server.rest.json_answer import error_answer
from model_server.rest.settings import RestSettings

logger = logging.getLogger(__name__)

_DRAIN_POLL_S = 0.02
_READ_BYTES = 1 << 18
_BUFFER_BYTES = 16 << 20  # what is larger goes through a temporary file


class _Task(WSGITask):
    """A request. During a drain its answer ends the connection, so that the client goes away."""

    def build_response_header(self) -> bytes:
        server: Any = self.channel.server
        if server.application.is_draining:
            self.set_close_on_finish()
        return super().build_response_header()


class _ErrorTask(ErrorTask):
    """A request that is no HTTP, or too large: answered in JSON too."""

    def execute(self) -> None:
        error: Any = self.request.error  # type: ignore[attr-defined]  # the stubs confuse the two
        body = error_answer(f"{error.reason}: {error.body}").encode()
        self.status = f"{error.code} {error.reason}"
        self.response_headers = [("Content-Type", "application/json")]
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class _Channel(HTTPChannel):
    task_class = _Task
    error_task_class = _ErrorTask


class RestFront:
    """The HTTP server.

    Args:
        core: Where the models are.
        settings: The limits.
    """

    def __init__(self, core: ServerCore, settings: RestSettings) -> None:
        self._app = RestApp(core, settings)
        self._settings = settings
        self._server: Any = None

    def start(self, host: str, port: int) -> None:
        """Listen, and answer requests from now on.

        Raises:
            ListenError: The port cannot be had.
        """
        self._server = create_server(
            self._app,
            sockets=[listen(host, port)],
            threads=self._settings.threads,
            max_request_body_size=self._settings.body_bytes_max + 1,  # it refuses this itself
            recv_bytes=_READ_BYTES,
            inbuf_overflow=_BUFFER_BYTES,
            outbuf_overflow=_BUFFER_BYTES,
            clear_untrusted_proxy_headers=False,  # they are not looked at
            ident=None,
        )
        self._server.channel_class = _Channel
        threading.Thread(target=self._server.run, name="rest", daemon=True).start()
        logger.info("Exporting HTTP/REST API at:%s ...", address(host, port))

    def fall_unready(self) -> None:
        """Tell whoever asks that the server is about to go, and end connections as they answer."""
        self._app.is_draining = True

    def drain(self, grace_s: float) -> None:
        """Refuse new connections, and wait for the requests that were accepted."""
        self.fall_unready()
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
