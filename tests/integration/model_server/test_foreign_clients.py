"""Clients that others wrote for TensorFlow Serving, unchanged, against our server."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import ovmsclient
import pytest
import tensorflow as tf
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    predict_pb2,
)

from tests.integration.model_server.servers import (
    BOTH_FRONTS,
    Front,
    Running,
    listing,
    model,
    run_server,
)

pytestmark = BOTH_FRONTS

MODELS = Path(__file__).resolve().parents[3] / "model_repository"
X = np.array([[1, 2], [5, 7]], np.float32)
PICTURE = np.zeros((1, 320, 320, 3), np.uint8)
AVAILABLE = {"state": "AVAILABLE", "error_code": 0, "error_message": ""}


@pytest.fixture(scope="module")
def running(
    models: Path, tmp_path_factory: pytest.TempPathFactory, front: Front
) -> Iterator[Running]:
    """A server of tiny models, and of the detector that comes along."""
    config = tmp_path_factory.mktemp("foreign") / "models.config"
    entries = (
        model("half", models / "half"),
        model("kitchen", models / "kitchen"),
        model("codes", MODELS / "codes"),
    )
    config.write_text(listing(*entries))
    running = run_server(**front, model_config_file=str(config))
    yield running
    running.close()


@pytest.fixture(params=["grpc", "http"])
def ovms(running: Running, request: pytest.FixtureRequest) -> Any:
    """The client of OpenVINO Model Server, over either port."""
    flags = running.server._flags
    if request.param == "grpc":
        return ovmsclient.make_grpc_client(f"127.0.0.1:{flags.port}")
    return ovmsclient.make_http_client(f"127.0.0.1:{flags.rest_api_port}")


def test_ovmsclient_predicts(ovms: Any) -> None:
    """One output comes alone, several by name."""
    alone = ovms.predict({"x": X}, model_name="half", model_version=3)
    several = ovms.predict(
        {"a": X[0], "b": X[1]}, model_name="kitchen", model_version=1, timeout=60
    )

    np.testing.assert_array_equal(alone, X / 2 + 3)
    np.testing.assert_array_equal(several["sum"], [6, 9])
    np.testing.assert_array_equal(several["difference"], [-4, -5])


def test_ovmsclient_finds_codes(ovms: Any) -> None:
    """A picture goes in, and all outputs of the detector come back."""
    outputs = ovms.predict(
        {"input_tensor": PICTURE}, model_name="codes", model_version=1, timeout=60
    )

    assert np.shape(outputs["detection_boxes"])[0::2] == (1, 4)
    assert np.shape(outputs["num_detections"]) == (1,)


def test_ovmsclient_learns_what_a_model_takes(ovms: Any) -> None:
    """It reads the signature out of the message, and hands on what comes as JSON."""
    metadata = ovms.get_model_metadata(model_name="half", model_version=3)

    if "metadata" in metadata:
        signature = metadata["metadata"]["signature_def"]["signature_def"]["serving_default"]
        assert metadata["model_spec"]["version"] == "3"
        assert signature["inputs"]["x"]["dtype"] == signature["outputs"]["y"]["dtype"] == "DT_FLOAT"
    else:
        tensor = {"shape": [-1], "dtype": "DT_FLOAT"}
        expected = {"model_version": 3, "inputs": {"x": tensor}, "outputs": {"y": tensor}}
        assert metadata == expected


def test_ovmsclient_learns_what_is_served(ovms: Any) -> None:
    """The state of a version."""
    assert ovms.get_model_status(model_name="half", model_version=3) == {3: AVAILABLE}


@pytest.mark.parametrize("name", ["nobody", "half"])
def test_ovmsclient_learns_that_there_is_no_such_version(ovms: Any, name: str) -> None:
    """As the error that it has for that."""
    with pytest.raises(ovmsclient.ModelNotFoundError):
        ovms.predict({"x": X}, model_name=name, model_version=9)


def test_ovmsclient_learns_that_its_input_is_wrong(ovms: Any) -> None:
    """As the error that it has for that."""
    with pytest.raises(ovmsclient.InvalidInputError):
        ovms.predict({"y": X}, model_name="half", model_version=3)


def test_the_official_package_predicts(running: Running) -> None:
    """With TensorFlow's own functions for tensors, in both encodings."""
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "half"
    for proto in (tf.make_tensor_proto(X), tf.make_tensor_proto(1.0, shape=[3])):
        request.inputs["x"].CopyFrom(proto)
        response = running.client.prediction.Predict(request, timeout=60)

        expected = tf.make_ndarray(proto) / 2 + 3
        np.testing.assert_array_equal(tf.make_ndarray(response.outputs["y"]), expected)


def test_the_official_package_finds_codes(running: Running) -> None:
    """The outputs of the detector have the types that its signature promises."""
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "codes"
    request.inputs["input_tensor"].CopyFrom(tf.make_tensor_proto(PICTURE))

    response = running.client.prediction.Predict(request, timeout=60)

    outputs = {key: tf.make_ndarray(proto) for key, proto in response.outputs.items()}
    assert outputs["detection_boxes"].shape[0::2] == (1, 4)
    assert {array.dtype for array in outputs.values()} == {np.dtype(np.float32)}


def test_the_official_package_learns_what_a_model_takes(running: Running) -> None:
    """The signatures are packed as the original packs them."""
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name = "half"

    response = running.client.prediction.GetModelMetadata(request, timeout=60)

    signatures = get_model_metadata_pb2.SignatureDefMap.FromString(
        response.metadata["signature_def"].value
    )
    info = signatures.signature_def["serving_default"].inputs["x"]
    assert tf.as_dtype(info.dtype) == tf.float32
    assert tf.TensorShape(info.tensor_shape).as_list() == [None]


def test_the_official_package_learns_what_is_served(running: Running) -> None:
    """The latest version, and that of a model nobody knows."""
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = "half"
    (status,) = running.client.model.GetModelStatus(request, timeout=60).model_version_status
    request.model_spec.name = "nobody"
    with pytest.raises(grpc.RpcError) as caught:
        running.client.model.GetModelStatus(request, timeout=60)

    assert (status.version, status.state) == (3, get_model_status_pb2.ModelVersionStatus.AVAILABLE)
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND
