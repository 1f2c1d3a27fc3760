"""The command line, a model server in this process, and a running Sightline."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest

from serving_client import Array
from serving_client.testing import TinyServer
from sightline.camera_feed import AvFeed
from sightline.cameras import Opener
from sightline.main import main
from tests.integration.sightline.command import Said, Sightline
from vision import encode_jpeg, encode_png
from webapp import Settings
from webapp.testing import Box, FakeModelServer, RunningSite, install_classifier, install_model

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """The detector "toy" and the classifiers "namer" and "rival"."""
    folder = tmp_path / "models"
    install_model(folder, "toy")
    install_classifier(folder, "namer")
    install_classifier(folder, "rival", rank=30)
    return folder


def toy(inputs: Mapping[str, Array]) -> dict[str, Array]:
    """Finds a dog in the middle of every picture, and perhaps a person."""
    rows = len(inputs["image"])
    return {
        "boxes": np.array([[[0.25, 0.25, 0.75, 0.75], [0, 0, 1, 1]]] * rows, np.float32),
        "scores": np.array([[0.9, 0.3]] * rows, np.float32),
        "classes": np.array([[18, 1]] * rows, np.float32),
        "count": np.full(rows, 2, np.float32),
    }


def namer(inputs: Mapping[str, Array]) -> dict[str, Array]:
    """Takes every picture for a hotdog; asked why, points at a corner."""
    if "class_id" in inputs:
        heat_map = np.zeros((1, 7, 7), np.float32)
        heat_map[0, 0, 0] = 1
        return {
            "heat_map": heat_map,
            "class_id": inputs["class_id"].astype(np.int64),
            "score": np.array([0.6], np.float32),
        }
    return {
        "class_ids": np.array([[1, 0, 4]]),
        "class_scores": np.array([[0.6, 0.3, 0.1]], np.float32),
        "class_names": np.array([[b"hotdog", b"tabby", b"golden retriever"]], object),
    }


@pytest.fixture
def model_server() -> Iterator[TinyServer]:
    """A real gRPC server of these models."""
    with TinyServer({"toy": toy, "namer": namer, "rival": namer}) as server:
        yield server


@pytest.fixture
def sightline(
    repository: Path,
    model_server: TinyServer,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Sightline:
    """A function that runs a command, in a folder of the test, and returns what it said."""
    monkeypatch.chdir(tmp_path)
    # Videos are decoded by another process, which finds its program there.
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    environ = {
        "SIGHTLINE_MODEL_REPOSITORY": str(repository),
        "SIGHTLINE_SERVING_TARGET": model_server.target,
    }

    def run(*words: str | Path, opener: Opener = AvFeed, **more: str) -> Said:
        capsys.readouterr()
        status = main([str(word) for word in words], {**environ, **more}, opener)
        said = capsys.readouterr()
        return Said(status, said.out, said.err)

    return run


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder with three pictures, a damaged one, a text, and a folder with one more."""
    folder = tmp_path / "photos"
    (folder / "more").mkdir(parents=True)
    for number, name in enumerate(["a.jpg", "b.JPEG", "more/d.jpg"]):
        (folder / name).write_bytes(encode_jpeg(np.full((60, 80, 3), 40 * number, np.uint8)))
    (folder / "c.png").write_bytes(encode_png(np.full((60, 80, 3), 200, np.uint8)))
    (folder / "damaged.jpg").write_bytes((folder / "a.jpg").read_bytes()[:100])
    (folder / "notes.txt").write_text("no picture")
    return folder


@pytest.fixture
def fake() -> FakeModelServer:
    """What answers the site; it sees what `toy` and `namer` see."""
    server = FakeModelServer([Box(18, 0.9), Box(1, 0.3, (0, 0, 1, 1))])
    server.classify_with({1: 0.6, 0: 0.3, 4: 0.1})
    return server


@pytest.fixture
def site(tmp_path: Path, repository: Path, fake: FakeModelServer) -> Iterator[RunningSite]:
    """A running Sightline with the same models."""
    settings = Settings(
        model_repository=repository,
        originals=tmp_path / "originals",
        database_url=f"sqlite:///{tmp_path}/results.sqlite3",
        explanation_masks=40,
    )
    with RunningSite(settings, fake) as site:
        yield site
