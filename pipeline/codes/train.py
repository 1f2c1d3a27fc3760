"""The step `train`: from made pictures to the weights of the network."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from shutil import rmtree
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from pipeline.atomic_file import write_atomically
from pipeline.codes.artifact import (
    ARTIFACT_FILE,
    Artifact,
    check_replaceable,
    clear_result,
    code_version,
)
from pipeline.codes.detector.learning_curve import (
    append_history,
    draw_learning_curve,
    read_history,
)
from pipeline.codes.detector.network import build_network
from pipeline.codes.detector.objective import adamw, compile_network
from pipeline.codes.detector.saved_weights import load_saved_weights, variables_file
from pipeline.codes.detector.training_pictures import (
    Augmentation,
    training_batches,
    validation_batches,
)
from pipeline.digests import sha256_of
from pipeline.exceptions import ArtifactError

WEIGHTS_FILE = "codes.weights.h5"
HISTORY_FILE = "history.csv"
LEARNING_CURVE_FILE = "learning_curve.svg"
_PLAN_FILE = "plan.json"
_TENSORBOARD_FOLDER = "tensorboard"


@dataclass(frozen=True, slots=True)
class TrainSettings:
    """How the network is trained.

    Attributes:
        size: Side of the network's input in pixels, a multiple of 32.
        batch: Pictures per step.
        epochs: Rounds; after each, the network is validated and a checkpoint written.
        epoch_steps: Steps per round.
        learning_rate: The highest one.
        warmup_steps: Steps until it is reached.
        weight_decay: See `adamw`.
        policy: Keras dtype policy; bfloat16 saves time on processors that know it.
        seed: Of weights, order and augmentation.
        augmentation: How pictures are changed each time they are shown.
    """

    size: int = 320
    batch: int = 16
    epochs: int = 17
    epoch_steps: int = 500
    learning_rate: float = 2e-3
    warmup_steps: int = 500
    weight_decay: float = 0.02
    policy: str = "mixed_bfloat16"
    seed: int = 2026
    augmentation: Augmentation = field(default_factory=Augmentation)


def train(  # noqa: PLR0913  the options of a command
    settings: TrainSettings,
    data: Path,
    folder: Path,
    *,
    start: Path | None = None,
    restart: bool = False,
    verbose: str | int = "auto",
) -> Artifact:
    """Train the network.

    An interrupted training of the same plan goes on where its last round ended, and a finished
    one is left as it is.

    Args:
        settings: How.
        data: The artifact of `make-data`.
        folder: Where checkpoints, logs, and at last the weights and the manifest are written.
        start: A SavedModel whose weights to begin with, in place of random ones.
        restart: Throw away what is in the folder.
        verbose: What Keras shows, see `keras.Model.fit`.

    Raises:
        ArtifactError: There are no data, the folder holds a training of another plan, or the
            SavedModel to start from holds another network.
    """
    code = code_version()  # before it can change under a long run
    inputs = {"make-data": Artifact.load(data, "make-data").digest()}
    splits = _Splits(_shards(data, "train"), _shards(data, "validation"))
    chosen = asdict(settings) | {"start": start and sha256_of(variables_file(start))}
    _prepare(folder, {"settings": chosen, "inputs": inputs}, restart=restart)
    if (folder / ARTIFACT_FILE).exists():
        return Artifact.load(folder, "train")
    keras.utils.set_random_seed(settings.seed)
    network = build_network(settings.size, settings.policy)
    if start is not None:
        load_saved_weights(network, start)
    try:
        _fit(network, settings, splits, folder, verbose)
    except tf.errors.OpError as error:
        raise ArtifactError(f"The training stopped: {error.message}") from error
    network.save_weights(folder / WEIGHTS_FILE)
    history = read_history(folder / HISTORY_FILE)
    draw_learning_curve(history, folder / LEARNING_CURVE_FILE)
    artifact = Artifact("train", chosen, inputs, history[-1], code=code).write(folder)
    # Last of all: until here a rerun has something to go on from.
    rmtree(_checkpoints(folder))
    return artifact


class _Splits(NamedTuple):
    """The files of the pictures."""

    train: list[Path]
    validation: list[Path]


def _fit(
    network: keras.Model, settings: TrainSettings, splits: _Splits, folder: Path, verbose: str | int
) -> None:
    steps = settings.epochs * settings.epoch_steps
    rate, warmup, decay = settings.learning_rate, settings.warmup_steps, settings.weight_decay
    compile_network(network, settings.size, adamw(rate, warmup, steps, decay))
    # After an interruption other pictures come first than at the beginning.
    seed = settings.seed + len(read_history(folder / HISTORY_FILE))
    size, batch = settings.size, settings.batch
    network.fit(
        training_batches(splits.train, size, batch, settings.augmentation, seed),
        validation_data=validation_batches(splits.validation, size, batch),
        epochs=settings.epochs,
        steps_per_epoch=settings.epoch_steps,
        callbacks=_callbacks(folder),
        shuffle=False,  # Keras cannot shuffle a stream, which `training_batches` does
        verbose=verbose,
    )


def _prepare(folder: Path, plan: Mapping[str, Any], *, restart: bool) -> None:
    """Make sure that the folder is new, or holds a training of this plan."""
    check_replaceable(folder, _PLAN_FILE)
    if restart:
        clear_result(folder, _PLAN_FILE)
        rmtree(_checkpoints(folder), ignore_errors=True)
    path = folder / _PLAN_FILE
    text = json.dumps(plan, indent=2) + "\n"
    if path.exists() and path.read_text() != text:
        raise ArtifactError(
            f"{folder} holds a training with other settings or data; "
            "add --restart to throw it away and begin anew."
        )
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(path, text)


def _checkpoints(folder: Path) -> Path:
    """Return the folder beside the result that holds what an unfinished training goes on from."""
    return folder.with_name(f".{folder.name}.checkpoints")


def _shards(data: Path, split: str) -> list[Path]:
    found = sorted((data / split).glob("*.tfrecord"))
    if not found:
        raise ArtifactError(f"{data} has no pictures for {split}.")
    return found


def _callbacks(folder: Path) -> list[keras.callbacks.Callback]:
    return [
        keras.callbacks.LambdaCallback(on_epoch_end=partial(append_history, folder / HISTORY_FILE)),
        keras.callbacks.TensorBoard(str(folder / _TENSORBOARD_FOLDER), write_graph=False),
        # Last, so that what a checkpoint covers is in the history, too.
        # Two checkpoints, as one may be cut off while it is written.
        keras.callbacks.BackupAndRestore(
            str(_checkpoints(folder)), double_checkpoint=True, delete_checkpoint=False
        ),
    ]
