"""Requests that make no sense: answered as the client's mistake, and the server goes on."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorflow_serving.apis import (
    classification_pb2,
    inference_pb2,
    predict_pb2,
    regression_pb2,
)

from tests.integration.model_server.example_models import save_examples_model
from tests.integration.model_server.servers import Running, listing, model, run_server

SERVERS_FAULT = {grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.UNAVAILABLE}
CALLS = {
    "Predict": "Prediction",
    "Classify": "Prediction",
    "Regress": "Prediction",
    "MultiInference": "Prediction",
    "GetModelMetadata": "Prediction",
    "GetModelStatus": "Model",
}
MANY = settings(max_examples=300, deadline=None)

NAMES = st.sampled_from(["half", "kitchen", "examples", "", "nobody", "\0", "ä" * 999])
SIGNATURES = st.sampled_from(
    ["", "serving_default", "echo_string", "echo_bfloat16", "wide", "scores", "vector", "no"]
)
SIZES = st.one_of(st.integers(-2, 4), st.sampled_from([2**31, 2**62, -(2**63), 2**63 - 1]))


@pytest.fixture(scope="module")
def running(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server of models of every kind."""
    folder = tmp_path_factory.mktemp("abuse")
    save_examples_model(folder / "examples" / "1")
    entries = (
        model("half", models / "half"),
        model("kitchen", models / "kitchen"),
        model("examples", folder / "examples"),
    )
    (folder / "models.config").write_text(listing(*entries))
    running = run_server(model_config_file=str(folder / "models.config"))
    yield running
    running.close()


def outcome(running: Running, rpc: str, data: bytes) -> grpc.StatusCode:
    """Send bytes as the request of a call, and return what became of it."""
    send: Any = running.client.channel.unary_unary(f"/tensorflow.serving.{CALLS[rpc]}Service/{rpc}")
    try:
        send(data, timeout=60)
    except grpc.RpcError as error:
        return error.code()
    return grpc.StatusCode.OK


@st.composite
def specs(draw: st.DrawFn, spec: Any) -> Any:
    spec.name, spec.signature_name = draw(NAMES), draw(SIGNATURES)
    choice = draw(st.sampled_from(["none", "version", "label"]))
    if choice == "version":
        spec.version.value = draw(st.integers(-(2**63), 2**63 - 1))
    elif choice == "label":
        spec.version_label = draw(st.text(max_size=9))
    return spec


@st.composite
def predictions(draw: st.DrawFn) -> bytes:
    """Predict requests with tensors whose type, shape and values do not fit each other."""
    request = predict_pb2.PredictRequest()
    draw(specs(request.model_spec))
    for alias in draw(st.lists(st.sampled_from(["x", "value", "a", "b", ""]), max_size=3)):
        tensor = request.inputs[alias]
        tensor.dtype = draw(st.integers(0, 30))
        tensor.tensor_shape.unknown_rank = draw(st.booleans()) and draw(st.booleans())
        for size in draw(st.lists(SIZES, max_size=3)):
            tensor.tensor_shape.dim.add(size=size)
        tensor.tensor_content = draw(st.binary(max_size=20))
        tensor.float_val.extend(draw(st.lists(st.floats(width=32), max_size=3)))
        tensor.half_val.extend(draw(st.lists(st.integers(-(2**31), 2**31 - 1), max_size=3)))
        tensor.string_val.extend(draw(st.lists(st.binary(max_size=3), max_size=3)))
    request.output_filter.extend(draw(st.lists(st.sampled_from(["y", "z", "value"]), max_size=2)))
    return bytes(request.SerializeToString())


@st.composite
def inferences(draw: st.DrawFn) -> tuple[str, bytes]:
    """Requests of examples whose features are missing, of another type, or too many."""
    rpc = draw(st.sampled_from(["Classify", "Regress", "MultiInference"]))
    if rpc == "MultiInference":
        request: Any = inference_pb2.MultiInferenceRequest()
        for _ in range(draw(st.integers(0, 2))):
            method = draw(st.sampled_from(["classify", "regress", "predict", ""]))
            task = request.tasks.add(method_name=f"tensorflow/serving/{method}")
            draw(specs(task.model_spec))
    else:
        kinds: Any = {
            "Classify": classification_pb2.ClassificationRequest,
            "Regress": regression_pb2.RegressionRequest,
        }
        request = kinds[rpc]()
        draw(specs(request.model_spec))
    for _ in range(draw(st.integers(0, 2))):
        feature = request.input.example_list.examples.add().features.feature["x"]
        kind = draw(st.sampled_from(["float_list", "int64_list", "bytes_list"]))
        value = {"float_list": 1.5, "int64_list": 1, "bytes_list": b"\xff"}[kind]
        getattr(feature, kind).value.extend([value] * draw(st.integers(0, 2)))
    return rpc, bytes(request.SerializeToString())


@given(st.sampled_from([*CALLS]), st.binary(max_size=60))
@MANY
def test_bytes_at_random(running: Running, rpc: str, data: bytes) -> None:
    """Whatever the bytes are, the server has not failed."""
    assert outcome(running, rpc, data) not in SERVERS_FAULT


@given(predictions())
@MANY
def test_tensors_at_random(running: Running, data: bytes) -> None:
    """Types, shapes and values may contradict each other in any way."""
    assert outcome(running, "Predict", data) not in SERVERS_FAULT


@given(inferences())
@MANY
def test_examples_at_random(running: Running, request_of: tuple[str, bytes]) -> None:
    """Examples may lack what the model needs."""
    assert outcome(running, *request_of) not in SERVERS_FAULT
