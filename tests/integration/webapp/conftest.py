"""The real web server in a thread, on a port of its own, with a fake model server behind it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from vision import encode_jpeg
from webapp import Settings
from webapp.testing import Box, FakeModelServer, RunningSite, install_model


@pytest.fixture
def photo() -> Callable[[int], bytes]:
    """A function that makes a JPEG file with the content of a number."""

    def make(number: int) -> bytes:
        noise = np.random.default_rng(number).integers(0, 255, (60, 80, 3), dtype=np.uint8)
        return encode_jpeg(noise)

    return make


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with everything in a folder of the test, and the model "toy" installed."""
    install_model(tmp_path / "models", "toy")
    return Settings(
        model_repository=tmp_path / "models",
        originals=tmp_path / "originals",
        database_url=f"sqlite:///{tmp_path}/results.sqlite3",
        upload_bytes_max=200_000,
        # Nobody is turned away, however slow the machine is.
        recognitions_waiting_max=16,
        recognitions_wait_s=30.0,
    )


@pytest.fixture
def model_server() -> FakeModelServer:
    """A model server that finds a dog, and perhaps a person."""
    return FakeModelServer([Box(18, 0.9), Box(1, 0.3)], version=3)


@pytest.fixture
def samples_folder(tmp_path: Path) -> Path:
    """The folder of sample pictures, of which there are none."""
    return tmp_path / "samples"


@pytest.fixture
def site(
    settings: Settings, model_server: FakeModelServer, samples_folder: Path
) -> Iterator[RunningSite]:
    """The site, stopped at the end."""
    with RunningSite(settings, model_server, samples_folder=samples_folder) as site:
        yield site
    assert not site.is_running
