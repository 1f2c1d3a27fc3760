"""The application as a server, inside the test's own process."""

from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Self

from webapp.app import create_app
from webapp.samples import BUNDLED
from webapp.server import WebServer, listen
from webapp.services import EXTENSION
from webapp.settings import Settings
from webapp.testing.model_server import FakeModelServer


class RunningSite:
    """The application in its production server, in a thread, on a free port of the loopback.

    Args:
        settings: How it is set; host and port are not looked at.
        model_server: What answers.
        samples_folder: The pictures that the form offers to try.

    Attributes:
        app: The application.
        port: Where it listens.
    """

    def __init__(
        self, settings: Settings, model_server: FakeModelServer, *, samples_folder: Path = BUNDLED
    ) -> None:
        client = model_server.client()
        self.app = create_app(settings, client=client, samples_folder=samples_folder)
        listener = listen("127.0.0.1", 0)
        self.port: int = listener.getsockname()[1]
        self._server = WebServer(self.app, listener, settings)
        self._thread = Thread(target=self._server.run)

    @property
    def url(self) -> str:
        """Where it listens, as an address without a path."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def is_running(self) -> bool:
        """Whether the server is still there."""
        return self._thread.is_alive()

    def stop(self, *, timeout_s: float = 30.0) -> None:
        """Tell the server to stop, and wait until it has; 0 does not wait."""
        self._server.stop()
        self._thread.join(timeout_s)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        self.app.extensions[EXTENSION].close()
