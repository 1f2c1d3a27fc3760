"""Servers and models that the tests of the model server share."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from model_server.runtimes import Runtime
from tests.integration.model_server.servers import Front, Process, Running, run_server
from tests.integration.model_server.tiny_models import save_models

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the tiny models."""
    folder = tmp_path_factory.mktemp("models")
    save_models(folder)
    return folder


@pytest.fixture(scope="module")
def front(request: pytest.FixtureRequest) -> Front:
    """The flags that choose a gRPC front end; see `BOTH_FRONTS`."""
    flags: Front = getattr(request, "param", {})
    return flags


@pytest.fixture
def serve(front: Front) -> Iterator[Callable[..., Running]]:
    """A function that starts a server in this process: `serve(runtime=None, **flags)`."""
    started: list[Running] = []

    def start(runtime: Runtime | None = None, **flags: Any) -> Running:
        started.append(run_server(runtime, **{**front, **flags}))
        return started[-1]

    yield start
    for each in started:
        each.close()


@pytest.fixture
def start_process(tmp_path: Path) -> Iterator[Callable[..., Process]]:
    """A function that starts `python -m model_server` with the flags given."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*flags: str) -> Process:
        log_file = tmp_path / f"server{len(started)}.log"
        with log_file.open("wb") as log:
            started.append(
                subprocess.Popen(
                    [sys.executable, "-m", "model_server", *flags],
                    cwd=ROOT,
                    env={**os.environ, "PYTHONUNBUFFERED": "1"},
                    stdout=log,
                    stderr=subprocess.STDOUT,
                )
            )
        return Process(started[-1], log_file)

    yield start
    for popen in started:
        popen.kill()
        popen.wait()
