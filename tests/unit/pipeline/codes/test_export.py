"""The SavedModel: what goes in, what comes out, and what it needs to run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

from pipeline.codes.detector.network import build_network
from pipeline.codes.detector.predictions import DETECTIONS_MAX
from pipeline.codes.export import ENCODED_SIGNATURE, save_detector

SIZES_HW = [(1, 1), (37, 200), (320, 320), (480, 270)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Export a network with random weights that sees something everywhere."""
    keras.utils.set_random_seed(1)
    network = build_network(320)
    for layer in network.layers:
        if layer.name == "class_logits":
            layer.bias.assign(np.full(5, -1.0))
    path = tmp_path_factory.mktemp("export") / "1"
    save_detector(network, path)
    return path


@pytest.fixture(scope="module")
def model(folder: Path) -> Any:
    """Load it."""
    return tf.saved_model.load(str(folder))


def picture(height: int, width: int) -> tf.Tensor:
    """Return noise."""
    noise = np.random.default_rng(height).integers(0, 256, (height, width, 3), np.uint8)
    return tf.constant(noise)


@pytest.mark.parametrize("size_hw", SIZES_HW)
@pytest.mark.parametrize("batch", [1, 3])
def test_pictures_of_any_size_and_number_are_taken(
    model: Any, size_hw: tuple[int, int], batch: int
) -> None:
    """The answer has the names and shapes of the TF2 detection zoo, boxes within the picture."""
    images = tf.stack([picture(*size_hw)] * batch)

    answer = model.signatures["serving_default"](input_tensor=images)

    assert {name: tuple(value.shape) for name, value in answer.items()} == {
        "detection_boxes": (batch, DETECTIONS_MAX, 4),
        "detection_scores": (batch, DETECTIONS_MAX),
        "detection_classes": (batch, DETECTIONS_MAX),
        "num_detections": (batch,),
    }
    boxes, count = answer["detection_boxes"].numpy(), int(answer["num_detections"][0])
    assert 0 < count <= DETECTIONS_MAX
    assert 0 <= boxes.min() <= boxes.max() <= 1
    assert (boxes[..., :2] <= boxes[..., 2:]).all()
    assert set(answer["detection_classes"].numpy()[0, :count]) <= {1, 2, 3, 4, 5}


def test_pictures_of_a_batch_do_not_touch_each_other(model: Any) -> None:
    """A picture gets the same answer alone and among others."""
    call = model.signatures["serving_default"]
    images = tf.stack([tf.zeros([60, 80, 3], tf.uint8), picture(60, 80)])

    together, alone = call(input_tensor=images), call(input_tensor=images[1:])

    assert_alike({name: values[1:] for name, values in together.items()}, alone)


def test_encoded_pictures_get_the_same_answers(model: Any) -> None:
    """PNG bytes, of different sizes in one batch, are as good as their pixels."""
    images = [picture(*size_hw) for size_hw in SIZES_HW]
    encoded = tf.constant([tf.io.encode_png(image).numpy() for image in images])

    answers = model.signatures[ENCODED_SIGNATURE](image_bytes=encoded)

    for place, image in enumerate(images):
        expected = model.signatures["serving_default"](input_tensor=image[None])
        assert_alike(
            {name: values[place : place + 1] for name, values in answers.items()}, expected
        )


def assert_alike(first: Mapping[str, Any], second: Mapping[str, Any]) -> None:
    """Compare answers, whose boxes may change places where scores differ by rounding only."""
    assert first["num_detections"].numpy() == pytest.approx(second["num_detections"].numpy())
    scores = second["detection_scores"].numpy()
    assert first["detection_scores"].numpy() == pytest.approx(scores, abs=1e-4)
    boxes = [np.sort(answer["detection_boxes"].numpy(), axis=1) for answer in (first, second)]
    assert boxes[0] == pytest.approx(boxes[1], abs=1e-3)


def test_bytes_that_are_no_picture_are_refused(model: Any) -> None:
    """The error names the cause; nothing crashes."""
    with pytest.raises(tf.errors.InvalidArgumentError, match="Unknown image file format"):
        model.signatures[ENCODED_SIGNATURE](image_bytes=tf.constant([b"no picture"]))


def test_stock_tensorflow_can_run_it(folder: Path) -> None:
    """Every operation is one of TensorFlow itself, and none calls back into Python."""
    saved = SavedModel.FromString((folder / "saved_model.pb").read_bytes())
    graph = saved.meta_graphs[0].graph_def
    nodes = [*graph.node, *(node for f in graph.library.function for node in f.node_def)]
    functions = {function.signature.name for function in graph.library.function}
    operations = {node.op for node in nodes} - functions

    assert operations <= {name for name in dir(tf.raw_ops) if name[0].isupper()}
    assert not operations & {"PyFunc", "EagerPyFunc", "PyFuncStateless"}


def test_it_is_small(folder: Path) -> None:
    """At most 1.5 million parameters and 6 MB on disk."""
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) <= 6_000_000
    assert build_network(320).count_params() <= 1_500_000
