"""Configurations that arrive over gRPC or in a file, and models that take their time."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
import tensorflow as tf
from google.protobuf import text_format
from tensorflow_serving.apis import model_management_pb2
from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog

from model_server.testing import FakeRuntime, wait_until
from model_server.warmup.records import records_file, write_records
from model_server.warmup.runtime import WarmedRuntime, WarmUp
from tests.integration.model_server.servers import BOTH_FRONTS, Client, Running, listing, model

pytestmark = BOTH_FRONTS

Serve = Callable[..., Running]

RECORD = 'predict_log { request { inputs { key: "x" value { dtype: DT_FLOAT } } } }'
RECORDS_READ = "/tensorflow/serving/model_warmup_records_read"
X = {"x": tf.make_tensor_proto([1.0])}


def reload(client: Client, text: str, *metrics: str, timeout_s: float = 60.0) -> Any:
    request = model_management_pb2.ReloadConfigRequest(metric_names=metrics)
    text_format.Parse(text, request.config)
    return client.model.HandleReloadConfigRequest(request, timeout=timeout_s)


@pytest.fixture
def base_path(tmp_path: Path) -> Path:
    """A base path with version 1."""
    (tmp_path / "m" / "1").mkdir(parents=True)
    return tmp_path / "m"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration without models."""
    path = tmp_path / "models.config"
    path.write_text("model_config_list {}")
    return path


def test_a_reload_says_by_how_much_metrics_grew(
    serve: Serve, base_path: Path, config: Path
) -> None:
    """Those that were asked for, each once; what does not exist, or is no counter, did not grow."""
    write_records(records_file(base_path / "1"), [text_format.Parse(RECORD, PredictionLog())] * 3)
    client = serve(WarmedRuntime(FakeRuntime(), WarmUp()), model_config_file=str(config)).client
    latency, nothing = "/tensorflow/serving/request_latency", "/tensorflow/serving/nothing"

    grown = reload(
        client, listing(model("m", base_path)), RECORDS_READ, latency, RECORDS_READ, nothing
    )
    again = reload(client, listing(model("m", base_path)), RECORDS_READ)
    unasked = reload(client, listing())

    assert [(each.name, each.int64_value_increase) for each in grown.metric] == [
        (RECORDS_READ, 3),
        (latency, 0),
        (nothing, 0),
    ]
    assert [each.int64_value_increase for each in again.metric] == [0]
    assert list(unasked.metric) == []


def test_a_reload_waits_no_longer_than_its_caller(
    serve: Serve, tmp_path: Path, base_path: Path, config: Path
) -> None:
    """A model that hangs while it is loaded does not keep the next configuration out."""
    runtime, other = FakeRuntime(), tmp_path / "other"
    (other / "1").mkdir(parents=True)
    hangs = runtime.models[base_path / "1"]
    hangs.load_gate.clear()
    client = serve(runtime, model_config_file=str(config), grpc_max_threads=1).client

    with pytest.raises(grpc.RpcError) as caught:
        reload(client, listing(model("m", base_path)), timeout_s=0.2)
    reload(client, listing(model("other", other)))
    hangs.load_gate.set()

    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert client.predict("other", X)["y"] == [1.0]


def test_a_file_is_looked_at_while_a_model_hangs(
    serve: Serve, tmp_path: Path, base_path: Path, config: Path
) -> None:
    """Whoever sees that a new model hangs can take it back, and add others."""
    runtime, other = FakeRuntime(), tmp_path / "other"
    (other / "1").mkdir(parents=True)
    hangs = runtime.models[base_path / "1"]
    hangs.load_gate.clear()
    client = serve(
        runtime, model_config_file=str(config), model_config_file_poll_wait_seconds=0.02
    ).client

    config.write_text(listing(model("m", base_path)))
    wait_until(lambda: hangs.loads)
    config.write_text(listing(model("other", other)))
    wait_until(lambda: runtime.models[other / "1"].loads)
    hangs.load_gate.set()

    wait_until(lambda: client.health_of("other") == "SERVING")
    wait_until(lambda: hangs.closes)
