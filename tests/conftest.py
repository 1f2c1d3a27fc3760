"""Fixtures that every kind of test shares."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder of real models and photographs; tests that need it are skipped without it."""
    value = os.environ.get("SIGHTLINE_SHARED", "")
    if value and Path(value).is_dir():
        return Path(value).resolve()
    reason = f"SIGHTLINE_SHARED={value!r} is not a folder with real models and photographs"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture
def free_port() -> Callable[[], int]:
    """A function that returns a loopback port nobody listens on."""

    def find() -> int:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
            return port

    return find
