"""The whole of Sightline, as a person starts it: real processes, a real model."""

import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.stack import MODEL, ROOT, Running, Start, environment, launcher, pipeline


@pytest.fixture(scope="session")
def repository(shared_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model repository with the SSD of the mirror."""
    folder = tmp_path_factory.mktemp("repository")
    answer = pipeline(
        "models", "fetch", MODEL,
        "--mirror", str(shared_dir / "mirror"), "--repository", str(folder),
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    return folder


@pytest.fixture(scope="session")
def start() -> Iterator[Start]:
    """A function that starts the stack with the command given; what it started is stopped."""
    started: list[Running] = []

    def run(command: list[str], ports: list[int], environ: dict[str, str]) -> Running:
        process = subprocess.Popen(
            command, env=environ, cwd=ROOT, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        running = Running(process, ports[0], ports[1], environ)
        threading.Thread(target=running.follow, daemon=True).start()
        started.append(running)
        return running

    yield run
    for running in started:
        if running.process.poll() is None:
            running.process.terminate()
            running.process.wait(60)


@pytest.fixture(scope="session")
def stack(
    start: Start,
    repository: Path,
    free_ports: Callable[[int], list[int]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Running:
    """The model server and the web app with one model, for all tests that only use them."""
    ports = free_ports(3)
    environ = environment(tmp_path_factory.mktemp("kept"), repository)
    running = start(launcher(ports), ports, environ)
    running.wait_ready()
    return running
