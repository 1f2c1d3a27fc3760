"""What calls over gRPC leave in the metrics."""

from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import grpc
import pytest
import tensorflow as tf
from tensorflow_serving.apis import classification_pb2

from model_server.metrics import render
from model_server.testing import FakeRuntime, wait_until
from tests.integration.model_server.example_models import save_examples_model
from tests.integration.model_server.servers import BOTH_FRONTS, Running

pytestmark = BOTH_FRONTS

Serve = Callable[..., Running]


def lines(name: str) -> list[str]:
    """The lines about a model without its buckets."""
    text = render().decode()
    return [line for line in text.splitlines() if name in line and "_bucket" not in line]


@pytest.fixture
def name() -> str:
    """A name that nothing else has counted for; metrics belong to the process."""
    return f"m{uuid4().hex}"


def test_calls_are_counted_by_model_and_status(serve: Serve, tmp_path: Path, name: str) -> None:
    """A success has a latency, and version and signature in our family; a failure its status."""
    (tmp_path / "1").mkdir()
    client = serve(FakeRuntime(), model_name=name, model_base_path=str(tmp_path)).client

    client.predict(name, {"x": tf.make_tensor_proto([1.0])})
    with pytest.raises(grpc.RpcError):
        client.predict(name, {"x": tf.make_tensor_proto([1.0])}, version=9)

    wait_until(lambda: any('status="NOT_FOUND"' in line for line in lines(name)))
    counted = [line for line in lines(name) if "request_count" in line]
    assert counted == [
        f':tensorflow:serving:request_count{{model_name="{name}",status="NOT_FOUND"}} 1',
        f':tensorflow:serving:request_count{{model_name="{name}",status="OK"}} 1',
    ]
    assert (
        f':tensorflow:serving:request_latency_count{{model_name="{name}",API="Predict",'
        'entrypoint="GRPC"} 1'
    ) in lines(name)
    assert (
        f':tensorflow:serving:runtime_latency_count{{model_name="{name}",API="Predict",'
        'runtime="TF1"} 1'
    ) in lines(name)
    assert (
        f':sightline:serving:call_latency_count{{model_name="{name}",model_version="1",'
        'signature_name="serving_default",API="Predict",entrypoint="GRPC",status="OK"} 1'
    ) in lines(name)


def test_examples_are_counted(serve: Serve, tmp_path: Path, name: str) -> None:
    """How many came in a request, and how long TensorFlow had them."""
    save_examples_model(tmp_path / "1")
    client = serve(model_name=name, model_base_path=str(tmp_path)).client
    request = classification_pb2.ClassificationRequest()
    request.model_spec.name = name
    for _ in range(3):
        example = request.input.example_list.examples.add()
        example.features.feature["x"].float_list.value.append(1)

    client.prediction.Classify(request)

    found = lines(name)
    assert f':tensorflow:serving:request_example_count_total{{model="{name}"}} 3' in found
    assert f':tensorflow:serving:request_example_counts_count{{model="{name}"}} 1' in found
    assert (
        f':tensorflow:serving:runtime_latency_count{{model_name="{name}",API="Classify",'
        'runtime="TF1"} 1'
    ) in found
