"""``python -m webapp`` as processes, with a model server that answers at once."""

import http.client
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event, Thread
from time import sleep

import numpy as np
from numpy.typing import ArrayLike

from serving_client import Array
from serving_client.testing import TinyModel, TinyServer
from webapp.testing import install_model

TIMEOUT_S = 60


class WebProcess:
    """One process, which keeps everything below a folder.

    Attributes:
        process: The process.
        lines: Its log so far.
    """

    def __init__(self, folder: Path, target: str, **variables: str) -> None:
        environ = {
            **os.environ,
            "SIGHTLINE_MODEL_REPOSITORY": str(folder / "models"),
            "SIGHTLINE_ORIGINALS": str(folder / "originals"),
            "SIGHTLINE_DATABASE_URL": f"sqlite:///{folder}/results.sqlite3",
            "SIGHTLINE_SERVING_TARGET": target,
            **variables,
        }
        command = [sys.executable, "-m", "webapp", "--port", "0"]
        self.process = subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True)
        self.lines: list[str] = []
        self._port = 0
        self._listens = Event()
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def port(self) -> int:
        """Where it listens, as soon as it does."""
        assert self._listens.wait(TIMEOUT_S), self.lines
        assert self._port, "\n".join(self.lines)
        return self._port

    def kill(self) -> None:
        """End it from one instruction to the next."""
        self.process.kill()
        self.process.wait(TIMEOUT_S)
        self._reader.join(TIMEOUT_S)

    def stop(self) -> int:
        """Tell it to end, and return its status."""
        self.process.terminate()
        status = self.process.wait(TIMEOUT_S)
        self._reader.join(TIMEOUT_S)
        return status

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        """Send a request on a connection of its own; return the status and the body."""
        with closing(
            http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_S)
        ) as connection:
            headers = {} if body is None else {"Content-Type": "image/jpeg"}
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()

    def _read(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as log:
            for line in log:
                self.lines.append(line.rstrip())
                if listens := re.search(r"listening on http://\S+:(\d+)", line):
                    self._port = int(listens[1])
                    self._listens.set()
        self._listens.set()


@contextmanager
def model_server(folder: Path, *, pause_s: float = 0.0) -> Iterator[str]:
    """Serve the model "toy", which finds a dog in every picture after a pause; yields where."""
    install_model(folder / "models", "toy")
    with TinyServer({}) as server:

        def find_a_dog(_inputs: Mapping[str, Array]) -> Mapping[str, ArrayLike]:
            server.calls.clear()  # it would keep every picture
            sleep(pause_s)
            return {
                "boxes": np.array([[[0.25, 0.25, 0.75, 0.75]]], np.float32),
                "scores": np.array([[0.9]], np.float32),
                "classes": np.array([[18]], np.float32),
                "count": np.array([1], np.float32),
            }

        server.models["toy"] = TinyModel(find_a_dog)
        yield server.target
