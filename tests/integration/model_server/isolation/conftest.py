"""Loads versions in worker processes, and unloads them."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psutil
import pytest

from model_server.runtimes import Servable
from tests.integration.model_server.isolation.isolated import Load, NewChildren, loaded_from


@pytest.fixture
def name() -> str:
    """A name that nothing else has counted for; metrics belong to the process."""
    return f"m{uuid4().hex}"


@pytest.fixture
def load(tmp_path: Path, name: str) -> Iterator[Load]:
    """A function that loads the version in `tmp_path`: `load(**flags)`."""
    loaded: list[Servable] = []

    def load_with(**flags: int) -> Servable:
        loaded.append(loaded_from(tmp_path, name, **flags))
        return loaded[-1]

    yield load_with
    (tmp_path / "go on").touch()
    for each in loaded:
        each.close()


@pytest.fixture
def new_children() -> NewChildren:
    """A function that returns the processes that this one started since the test began."""
    before = set(psutil.Process().children())
    return lambda: set(psutil.Process().children()) - before
