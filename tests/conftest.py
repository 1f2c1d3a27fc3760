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


@pytest.fixture(scope="session")
def free_ports() -> Callable[[int], list[int]]:
    """A function that returns so many loopback ports nobody listens on."""

    def find(count: int) -> list[int]:
        probes = [socket.socket() for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        ports: list[int] = [probe.getsockname()[1] for probe in probes]
        for probe in probes:
            probe.close()
        return ports

    return find


@pytest.fixture
def free_port(free_ports: Callable[[int], list[int]]) -> Callable[[], int]:
    """A function that returns a loopback port nobody listens on."""
    return lambda: free_ports(1)[0]
