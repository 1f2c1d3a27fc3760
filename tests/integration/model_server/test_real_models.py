"""Models that others made: TensorFlow Serving's own test data, and a detector."""

import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2

from tests.integration.model_server.servers import Running, listing, model

Serve = Callable[..., Running]
X = {"x": tf.make_tensor_proto(np.array([1, 2, 5], np.float32))}


@pytest.fixture
def testdata(shared_dir: Path) -> Path:
    return shared_dir / "tf_serving_testdata"


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("saved_model_half_plus_two_cpu", [2.5, 3, 4.5]),
        ("saved_model_half_plus_two_tf2_cpu", [2.5, 3, 4.5]),
        ("saved_model_half_plus_two_2_versions", [2.5, 3, 4.5]),
        ("saved_model_half_plus_three", [3.5, 4, 5.5]),
    ],
)
def test_the_originals_models_give_the_originals_answers(
    testdata: Path, serve: Serve, folder: str, expected: list[float]
) -> None:
    """SavedModels of TensorFlow 1 and 2, in folders with leading zeros."""
    client = serve(model_base_path=str(testdata / folder)).client

    outputs = client.predict("default", X)

    assert outputs["y"].tolist() == expected


def test_a_stateful_model_keeps_its_state(testdata: Path, serve: Serve) -> None:
    """The counter counts, from call to call."""
    client = serve(model_base_path=str(testdata / "saved_model_counter")).client

    def call(signature: str) -> float:
        request = predict_pb2.PredictRequest()
        request.model_spec.name, request.model_spec.signature_name = "default", signature
        return float(client.prediction.Predict(request).outputs["output"].float_val[0])

    assert [call("reset_counter"), call("incr_counter"), call("incr_counter")] == [0, 1, 2]
    assert call("get_counter") == 2


def test_a_default_fills_in_for_an_input(testdata: Path, serve: Serve) -> None:
    """An input that the signature has a default for may be left out."""
    client = serve(model_base_path=str(testdata / "saved_model_half_plus_two_tf2_cpu")).client
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "default"

    response = client.prediction.Predict(request)

    assert list(response.outputs["y"].float_val) == [2.0]


@pytest.mark.parametrize(
    ("folder", "golden"),
    [
        ("saved_model_half_plus_two_cpu", "half_plus_two_model"),
        ("saved_model_half_plus_two_2_versions", "saved_model_half_plus_two_2_versions"),
        ("saved_model_half_plus_two_tf2_cpu", "saved_model_half_plus_two_tf2_2_versions"),
    ],
)
def test_metadata_over_rest_is_the_originals(
    testdata: Path, serve: Serve, tmp_path: Path, folder: str, golden: str
) -> None:
    """The signatures are those in the documents that the original's own tests compare with."""
    (document,) = testdata.glob(f"{golden}_metadata.json")
    config = tmp_path / "models.config"
    config.write_text(
        listing(model("default", testdata / folder, "model_version_policy { all {} }"))
    )
    client = serve(model_config_file=str(config)).client

    _, body = client.get("/v1/models/default/versions/123/metadata")

    assert _signatures(json.loads(body)) == _signatures(json.loads(document.read_text()))


def _signatures(document: Any) -> Any:
    signatures = document["metadata"]["signature_def"]["signature_def"]
    return {
        name: {key: value for key, value in signature.items() if key != "defaults"}
        for name, signature in signatures.items()
    }


def test_a_folder_without_a_saved_model_is_not_loaded(testdata: Path, serve: Serve) -> None:
    """The original's broken model is in a form that was given up in 2018."""
    client = serve(model_base_path=str(testdata / "bad_half_plus_two")).client

    code, body = client.get("/v1/models/default")

    assert (code, json.loads(body)) == (
        404,
        {"error": "Could not find any versions of model default"},
    )


def test_a_detector_answers_as_it_does_without_a_server(
    shared_dir: Path, serve: Serve, tmp_path: Path
) -> None:
    """The outputs that were asked for are those of TensorFlow's own loader, bit for bit."""
    with tarfile.open(shared_dir / "mirror" / "ssd_mobilenet_v1_075_coco.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    (saved_model,) = (path.parent for path in tmp_path.rglob("saved_model.pb"))
    (tmp_path / "ssd").mkdir()
    saved_model.rename(tmp_path / "ssd" / "1")
    image = np.random.default_rng(7).integers(0, 256, (1, 300, 300, 3), np.uint8)
    names = ("detection_boxes", "detection_scores", "detection_classes", "num_detections")
    client = serve(model_name="ssd", model_base_path=str(tmp_path / "ssd")).client
    request = predict_pb2.PredictRequest(output_filter=names)
    request.model_spec.name = "ssd"
    request.inputs["input_tensor"].CopyFrom(tf.make_tensor_proto(image))

    response = client.prediction.Predict(request)

    expected = tf.saved_model.load(str(tmp_path / "ssd" / "1")).signatures["serving_default"](
        input_tensor=tf.constant(image)
    )
    assert set(response.outputs) == set(names)
    for name in names:
        np.testing.assert_allclose(
            tf.make_ndarray(response.outputs[name]), expected[name].numpy(), rtol=1e-4, atol=1e-5
        )
