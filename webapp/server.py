"""The production server: waitress, told when to stop and allowed to finish."""

import errno
import socket
import time
from copy import copy
from typing import Any

from flask import Flask
from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import create_server

from webapp.app import FORM_BYTES
from webapp.exceptions import ListenError
from webapp.services import parts_of
from webapp.settings import Settings

# A body up to this many times the limit is read, so that its sender gets our page and not a
# closed connection; beyond it waitress itself answers 413 and hangs up.
_READ_FACTOR = 4
_VIDEOS = "/videos"
_POLL_S = 1.0
_HEADER_BYTES_MAX = 32 * 1024
_IDLE_S = 60
_DRAIN_MARGIN_S = 5.0


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens there.

    Raises:
        ListenError: The port is taken, or the address is not one of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            message = f"Port {port} on {host} is taken; choose another with --port."
        else:
            message = f"Cannot listen on {host} port {port}: {error.strerror}."
        raise ListenError(message) from error


class WebServer:
    """Serves the application until it is stopped.

    Args:
        app: The application.
        listener: A listening socket; the server closes it.
        settings: Threads, limits and times.
    """

    def __init__(self, app: Flask, listener: socket.socket, settings: Settings) -> None:
        self._is_stopping = False
        self._listeners = parts_of(app).video_listeners
        self._drain_s = settings.call_timeout_s + _DRAIN_MARGIN_S
        # By file descriptor: the listener, the wake-up pipe and every connection.
        self._sockets: dict[int, Any] = {}
        self._server: Any = create_server(
            app,
            map=self._sockets,
            sockets=[listener],
            threads=settings.web_threads,
            connection_limit=settings.connections_max,
            max_request_header_size=_HEADER_BYTES_MAX,
            # Whoever sends nothing for so long makes room for others.
            channel_timeout=_IDLE_S,
            cleanup_interval=_IDLE_S // 2,
            clear_untrusted_proxy_headers=False,  # `create_app` trusts as many as are set
            max_request_body_size=_READ_FACTOR * (settings.upload_bytes_max + FORM_BYTES),
            ident="sightline",
        )
        _make_room_for_videos(self._server, settings)

    def run(self) -> None:
        """Serve until :meth:`stop`, then finish what runs and return."""
        while not self._is_stopping:
            self._turn(_POLL_S)
        wasyncore.dispatcher.close(self._server)  # nobody new gets in
        self._listeners.stop()  # who would otherwise stay for as long as a video takes
        end_s = time.monotonic() + self._drain_s
        while self._is_busy() and time.monotonic() < end_s:
            self._turn(_POLL_S / 10)
        self._server.task_dispatcher.shutdown(timeout=_POLL_S)
        wasyncore.close_all(self._sockets)

    def stop(self) -> None:
        """Have :meth:`run` return soon; from a signal handler or any thread, and more than once."""
        if not self._is_stopping:
            self._server.pull_trigger()  # first: afterwards `run` may have closed it
            self._is_stopping = True

    def _turn(self, timeout_s: float) -> None:
        # select() ends at descriptor 1023, poll() does not.
        wasyncore.loop(timeout=timeout_s, use_poll=True, map=self._sockets, count=1)

    def _is_busy(self) -> bool:
        """Whether a request is being received, worked on or answered."""
        channels = (each for each in self._sockets.values() if isinstance(each, HTTPChannel))
        return any(
            each.request is not None or each.requests or each.total_outbufs_len for each in channels
        )


def _make_room_for_videos(server: Any, settings: Settings) -> None:
    """Let one address take larger bodies than all others."""
    roomy = copy(server.adj)
    roomy.max_request_body_size += settings.video_bytes_max + FORM_BYTES

    class Parser(HTTPRequestParser):
        def parse_header(self, header_plus: bytes) -> None:
            super().parse_header(header_plus)
            if getattr(self, "path", "") == _VIDEOS:
                self.adj = roomy

    class Channel(HTTPChannel):
        parser_class = Parser

    server.channel_class = Channel
