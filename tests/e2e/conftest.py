"""The whole of Sightline, as a person starts it: real processes, a real model."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.stack import MODEL, Running, Start, environment, launcher, pipeline, starter


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


@pytest.fixture
def start() -> Iterator[Start]:
    """A function that starts a command; what it started ends with the test."""
    with starter() as run:
        yield run


@pytest.fixture(scope="session")
def stack(
    repository: Path,
    free_ports: Callable[[int], list[int]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Running]:
    """The model server and the web app with one model, for all tests that only use them."""
    ports = free_ports(3)
    environ = environment(tmp_path_factory.mktemp("kept"), repository)
    with starter() as run:
        running = run(launcher(ports), ports, environ)
        running.wait_ready()
        yield running
