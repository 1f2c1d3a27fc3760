"""Servers with the light gRPC front end, shared or with limits of a test's own."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from model_server.h2_front.settings import LightSettings
from model_server.testing import FakeModel, FakeRuntime
from tests.integration.model_server.light_front.light_server import (
    Start,
    light_server,
)
from tests.integration.model_server.servers import Running, run_server


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """A function that starts a server with limits of a test's own: `start(streams_max=1)`."""
    started: list[Running] = []
    (tmp_path / "model" / "1").mkdir(parents=True)

    def start(runtime: FakeRuntime | None = None, **limits: Any) -> Running:
        of = LightSettings.of
        monkeypatch.setattr(
            LightSettings, "of", lambda flags: dataclasses.replace(of(flags), **limits)
        )
        path = str(tmp_path / "model")
        runtime = runtime or FakeRuntime()
        started.append(run_server(runtime, model_base_path=path, light_grpc=True))
        monkeypatch.undo()
        return started[-1]

    yield start
    for each in started:
        each.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server for tests that change nothing."""
    with light_server(tmp_path_factory.mktemp("light")) as running:
        yield running


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[tuple[FakeRuntime, FakeModel]]:
    """A runtime whose model's runs wait until the test is over, or lets them go."""
    runtime = FakeRuntime()
    model = runtime.models[tmp_path / "model" / "1"]
    model.run_gate.clear()
    yield runtime, model
    model.run_gate.set()
