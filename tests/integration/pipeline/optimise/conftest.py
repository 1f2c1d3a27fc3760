"""A tiny classifier, and the variants of it and of the bundled detector."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from pipeline.cli import main
from pipeline.repository import Repository
from vision import ClassificationOutputs, InputSpec, Labels, ModelCard, Resize, encode_jpeg

ROOT = Path(__file__).resolve().parents[4]
CLASSES = {0: "red", 1: "green", 2: "blue"}
COLOURS = {"red": (220, 30, 20), "green": (30, 200, 40), "blue": (10, 40, 230)}
SIDE = 16


def colour_classifier() -> tf.Module:
    """Names the colour of pictures; its weights are a variable, and a constant of the graph."""
    rng = np.random.default_rng(0)
    kernel = rng.normal(0, 0.05, (3, 3, 3, 64)).astype(np.float32)
    for channel in range(64):
        kernel[:, :, channel % 3, channel] += 0.3
    dense = rng.normal(0, 0.01, (64, 3)).astype(np.float32)
    dense[np.arange(64), np.arange(64) % 3] += 0.05
    mixing = np.eye(64, dtype=np.float32) + rng.normal(0, 0.01, (64, 64)).astype(np.float32)
    module = tf.Module()
    module.kernel = tf.Variable(kernel, name="kernel")
    module.dense = tf.Variable(dense, name="dense")
    module.table = tf.lookup.StaticHashTable(
        tf.lookup.KeyValueTensorInitializer(
            tf.constant(list(CLASSES), tf.int64), tf.constant(list(CLASSES.values()))
        ),
        "?",
    )

    def classify(image: Any) -> dict[str, Any]:
        pixels = tf.image.resize(image, [SIDE, SIDE], antialias=True) / 127.5 - 1.0
        features = tf.nn.relu(tf.nn.conv2d(pixels, module.kernel, 2, "SAME"))
        pooled = tf.reduce_mean(features, [1, 2]) @ tf.constant(mixing)
        scores, ids = tf.math.top_k(tf.nn.softmax(pooled @ module.dense), 3)
        class_ids = tf.cast(ids, tf.int64)
        names = module.table.lookup(class_ids)
        return {"class_ids": class_ids, "scores": scores, "class_names": names}

    spec = tf.TensorSpec([None, None, None, 3], tf.uint8, "image")
    module.classify = tf.function(classify, input_signature=[spec])
    return module


CARD = ModelCard(
    name="colours",
    title="Colours",
    task="classification",
    summary="Names colours",
    licence="Apache-2.0",
    rank=50,
    threshold=0.05,
    input=InputSpec("serving_default", "image", "uint8", Resize("stretch", SIDE, SIDE)),
    outputs=ClassificationOutputs("class_ids", "scores", class_names="class_names"),
)


def install(repository: Repository, module: tf.Module) -> None:
    """Publish a classifier of colours."""
    with repository.writing(), repository.staged("colours") as staged:
        tf.saved_model.save(module, str(staged / "1"), {"serving_default": module.classify})
        repository.publish(staged, CARD, Labels(CLASSES))
        repository.write_config()


@pytest.fixture(scope="session")
def colour_pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for each colour, with noisy pictures of it."""
    folder = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(1)
    for name, rgb in COLOURS.items():
        (folder / name).mkdir()
        for number in range(2):
            noise = rng.integers(-20, 21, (24, 40, 3))
            image = np.clip(np.array(rgb) + noise, 0, 255).astype(np.uint8)
            (folder / name / f"{number}.jpg").write_bytes(encode_jpeg(image))
    return folder


def run(*arguments: str | Path) -> int:
    """Run `python -m pipeline optimise` in this process."""
    return main(["optimise", *map(str, arguments)], environ={})


@pytest.fixture(scope="session")
def colours(tmp_path_factory: pytest.TempPathFactory, colour_pictures: Path) -> Path:
    """A folder with the command's result, and a repository with all variants of the classifier."""
    folder = tmp_path_factory.mktemp("colours")
    install(Repository(folder / "models"), colour_classifier())
    assert publish_all(folder, colour_pictures) == 0
    return folder


def publish_all(folder: Path, pictures: Path, more: Sequence[str] = ()) -> int:
    names = ("float16", "int8", "pruned", "tflite_float16", "tflite_dynamic", "tflite_int8")
    published = [word for name in names for word in ("--publish", name)]
    return run(
        "colours", "--repository", folder / "models", "--work", folder / "work",
        "--pictures", pictures, "--calls", "10", *published, *more,
    )  # fmt: skip


@pytest.fixture(scope="session")
def codes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same for two variants of the bundled detector."""
    folder = tmp_path_factory.mktemp("codes")
    (folder / "models").mkdir()
    (folder / "models" / "codes").symlink_to(ROOT / "model_repository" / "codes")
    variants = ("--variant", "tflite_int8", "--publish", "int8", "--publish", "tflite_int8")
    done = run(
        "codes", "--repository", folder / "models", "--work", folder / "work", "--limit", "4",
        "--pictures", ROOT / "tests" / "data" / "codes", "--calls", "4", *variants,
    )  # fmt: skip
    assert done == 0
    return folder
