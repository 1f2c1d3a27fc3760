"""What requests leave in the log and in the metrics, over both ports."""

import http.client
import json
import logging
import re
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
import pytest
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2

from model_server.metrics import render
from model_server.testing import FakeModel, FakeRuntime, wait_until
from tests.integration.model_server.servers import BOTH_FRONTS, Running

pytestmark = BOTH_FRONTS

STAGES_GRPC = r"wait_ms=[\d.]+ receive_ms=[\d.]+ decode_ms=[\d.]+ encode_ms=[\d.]+"
STAGES_REST = r"wait_ms=[\d.]+ decode_ms=[\d.]+ encode_ms=[\d.]+"


@pytest.fixture
def name() -> str:
    """The name of a model that nothing else has counted for."""
    return f"m{uuid4().hex}"


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """A function that returns the lines of requests so far."""
    caplog.set_level(logging.INFO, "model_server.access_log")
    return lambda: [r.getMessage() for r in caplog.records if r.name.endswith("access_log")]


@pytest.fixture
def model(tmp_path: Path) -> tuple[FakeRuntime, FakeModel]:
    """A runtime, and how the only version in it behaves."""
    (tmp_path / "1").mkdir()
    runtime = FakeRuntime()
    return runtime, runtime.models[tmp_path / "1"]


@pytest.fixture
def running(
    serve: Callable[..., Running], model: tuple[FakeRuntime, FakeModel], tmp_path: Path, name: str
) -> Iterator[Running]:
    """A server that works on one call at a time on each port."""
    running = serve(
        model[0],
        model_name=name,
        model_base_path=str(tmp_path),
        grpc_max_threads=1,
        rest_api_num_threads=1,
    )
    yield running
    model[1].run_gate.set()


def request(name: str) -> Any:
    request = predict_pb2.PredictRequest()
    request.model_spec.name = name
    request.inputs["x"].CopyFrom(tf.make_tensor_proto([1.0]))
    return request


def post(running: Running, name: str, **headers: str) -> tuple[Any, bytes]:
    with closing(
        http.client.HTTPConnection(running.client.rest_url.removeprefix("http://"), timeout=60)
    ) as client:
        client.request("POST", f"/v1/models/{name}:predict", b'{"inputs": [1]}', headers)
        response = client.getresponse()
        return response.headers, response.read()


def dropped(name: str) -> dict[str, int]:
    """How many calls of a model were dropped, by reason."""
    pattern = rf'dropped_count{{model_name="{name}".*reason="(.*)"}} (\d+)'
    return {reason: int(count) for reason, count in re.findall(pattern, render().decode())}


def test_a_line_says_where_time_went(
    running: Running, name: str, lines: Callable[[], list[str]]
) -> None:
    """The same names over both ports."""
    running.client.prediction.Predict(request(name), metadata=(("x-request-id", "order-17"),))
    post(running, name, **{"X-Request-Id": "order-18"})
    wait_until(lambda: len(lines()) == 2)

    facts = f"model='{name}' version=1 signature='serving_default' status=OK ms="
    patterns = (
        rf"Predict {facts}[\d.]+ {STAGES_GRPC} request_id=order-17",
        rf"POST /v1/models/{name}:predict {facts}[\d.]+ {STAGES_REST} request_id=order-18",
    )
    assert [bool(re.fullmatch(*pair)) for pair in zip(patterns, lines(), strict=True)] == [True] * 2


def test_the_id_of_a_request_is_returned(
    running: Running, name: str, lines: Callable[[], list[str]]
) -> None:
    """The client's own, or else a fresh one that the log has too; also with an error."""
    ids = []
    for model, metadata in ((name, (("x-request-id", "order-17"),)), (name, ()), ("nobody", ())):
        call = running.client.prediction.Predict.future(request(model), metadata=metadata)
        call.exception()
        ids.append(dict(call.initial_metadata())["x-request-id"])

    wait_until(lambda: len(lines()) == 3)
    assert ids[0] == "order-17"
    assert len({*ids}) == 3
    assert [f"request_id={id_}" in line for id_, line in zip(ids, lines(), strict=True)] == [
        True
    ] * 3


@pytest.mark.parametrize("sent", ["x" * 129, "a b", " "])
def test_an_id_that_is_none_is_replaced(running: Running, name: str, sent: str) -> None:
    """Nobody writes into our logs what they like."""
    call = running.client.prediction.Predict.future(
        request(name), metadata=(("x-request-id", sent),)
    )
    call.result()

    assert re.fullmatch("[0-9a-f]{32}", dict(call.initial_metadata())["x-request-id"])


def test_a_call_whose_client_gave_up_is_dropped(
    running: Running, model: tuple[FakeRuntime, FakeModel], name: str,
    lines: Callable[[], list[str]],
) -> None:  # fmt: skip
    """While the only thread was busy: it is not run, but it is logged and counted."""
    before = dropped("")
    model[1].run_gate.clear()
    busy = running.client.prediction.Predict.future(request(name), timeout=60)
    wait_until(model[1].running.is_set)

    with pytest.raises(grpc.RpcError) as caught:
        running.client.prediction.Predict(request(name), timeout=0.1)
    model[1].run_gate.set()
    busy.result()

    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    wait_until(lambda: len(lines()) == 2)
    assert model[1].runs == 1
    # The client's clock and the server's do not run out in the same moment.
    assert re.search("^Predict model=None .* status=(CANCELLED|DEADLINE_EXCEEDED)", lines()[1])
    assert sum(dropped("").values()) == sum(before.values()) + 1


def test_a_request_whose_client_left_is_dropped(
    running: Running, model: tuple[FakeRuntime, FakeModel], name: str,
    lines: Callable[[], list[str]],
) -> None:  # fmt: skip
    """Over HTTP too; there the model is known by the address."""
    model[1].run_gate.clear()
    with ThreadPoolExecutor(1) as pool:
        busy = pool.submit(post, running, name)
        wait_until(model[1].running.is_set)
        port = int(running.client.rest_url.rpartition(":")[2])
        body = b'{"inputs": [1]}'
        channels = running.server._rest._server.active_channels
        with socket.create_connection(("127.0.0.1", port)) as connection:
            head = f"POST /v1/models/{name}:predict HTTP/1.1\r\nContent-Length: {len(body)}\r\n\r\n"
            connection.sendall(head.encode() + body)
            wait_until(lambda: sum(len(each.requests) for each in [*channels.values()]) == 2)
        wait_until(lambda: len(channels) == 1)
        model[1].run_gate.set()
        busy.result()

    wait_until(lambda: len(lines()) == 2)
    assert model[1].runs == 1
    assert f"model='{name}' version=None signature='' status=CANCELLED" in lines()[1]
    assert dropped(name) == {"client left": 1}


def test_the_run_of_a_model_learns_that_its_client_left(
    running: Running, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """So whoever holds a request back, for a batch say, can let it go."""
    calls: list[Any] = []
    entered, told = threading.Event(), threading.Event()

    def run(_self: object, _name: str, inputs: Any, _outputs: Any, call: Any) -> Any:
        calls.append(call.has_left())
        entered.set()
        wait_until(call.has_left)
        told.set()
        return {"y": inputs["x"]}

    monkeypatch.setattr("model_server.testing.FakeServable.run", run)
    port = int(running.client.rest_url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as connection:
        body = json.dumps({"inputs": [1]}).encode()
        head = f"POST /v1/models/{name}:predict HTTP/1.1\r\nContent-Length: {len(body)}\r\n\r\n"
        connection.sendall(head.encode() + body)
        assert entered.wait(60)

    assert told.wait(60)
    assert calls == [False]
