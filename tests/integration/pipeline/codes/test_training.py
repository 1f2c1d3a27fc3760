"""A training from made pictures to weights: interrupted, resumed, finished."""

import csv
from dataclasses import replace
from pathlib import Path

import keras
import pytest

from pipeline.codes.artifact import Artifact
from pipeline.codes.detector.network import build_network
from pipeline.codes.make_data import DataSettings, make_data
from pipeline.codes.scenes.scene import SceneSettings
from pipeline.codes.train import (
    HISTORY_FILE,
    LEARNING_CURVE_FILE,
    WEIGHTS_FILE,
    TrainSettings,
    train,
)
from pipeline.exceptions import ArtifactError

SETTINGS = TrainSettings(size=64, batch=2, epochs=2, epoch_steps=2, warmup_steps=1)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a few small pictures."""
    folder = tmp_path_factory.mktemp("work") / "data"
    scenes = SceneSettings(long_side_px=96)
    make_data(DataSettings(4, 2, 1, scenes=scenes), folder, lambda _done, _total: None, 1)
    return folder


class Interrupted(Exception):  # noqa: N818  not an error of ours
    """Somebody pressed Ctrl-C."""


def epochs(folder: Path) -> list[int]:
    """Return the rounds that the history has a row for."""
    with (folder / HISTORY_FILE).open(newline="") as file:
        return [int(row["epoch"]) for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def finished(data: Path) -> Path:
    """Train to the end."""
    folder = data.parent / "training"
    train(SETTINGS, data, folder, verbose=0)
    return folder


@pytest.mark.timeout(300)
def test_a_training_leaves_weights_curve_and_manifest(data: Path, finished: Path) -> None:
    """The weights fit the network, and the manifest names the data they come from."""
    build_network(64).load_weights(finished / WEIGHTS_FILE)

    artifact = Artifact.load(finished, "train")
    assert (finished / LEARNING_CURVE_FILE).exists()
    assert list((finished / "tensorboard").iterdir())
    assert epochs(finished) == [0, 1]
    assert artifact.inputs == {"make-data": Artifact.load(data, "make-data").digest()}


@pytest.mark.timeout(300)
def test_a_finished_training_is_not_done_again(data: Path, finished: Path) -> None:
    """The same command finds its result there."""
    before = (finished / WEIGHTS_FILE).read_bytes()

    artifact = train(SETTINGS, data, finished, verbose=0)

    assert artifact == Artifact.load(finished, "train")
    assert (finished / WEIGHTS_FILE).read_bytes() == before


@pytest.mark.timeout(300)
def test_another_plan_does_not_replace_a_training_unasked(data: Path, finished: Path) -> None:
    """Only --restart throws away what is there."""
    with pytest.raises(ArtifactError, match="add --restart"):
        train(replace(SETTINGS, seed=1), data, finished, verbose=0)

    assert (finished / WEIGHTS_FILE).exists()


@pytest.mark.timeout(300)
def test_an_interrupted_training_goes_on(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was learnt in the rounds before is not learnt again."""
    folder = tmp_path / "training"

    def interrupt(_self: object, epoch: int, _logs: object = None) -> None:
        if epoch == 1:
            raise Interrupted

    with monkeypatch.context() as patched:
        patched.setattr(keras.callbacks.TensorBoard, "on_epoch_begin", interrupt)
        with pytest.raises(Interrupted):
            train(SETTINGS, data, folder, verbose=0)
    train(SETTINGS, data, folder, verbose=0)

    assert epochs(folder) == [0, 1]
    assert (folder / WEIGHTS_FILE).exists()
