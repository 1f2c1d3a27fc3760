"""The light gRPC front end and clients that behave: calls, health, the end."""

import asyncio
import dataclasses
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import numpy as np
import pytest
from grpc_health.v1 import health_pb2
from tensorflow_serving.apis.predict_pb2 import PredictRequest

from http2.frames import PREFACE, ErrorCode, FrameType, Setting, frame, settings, window_update
from model_server.config import Flags
from model_server.status import ServingError
from model_server.testing import FakeModel, FakeRuntime, wait_until
from serving_client import AsyncServingClient, ModelRef, ServingClient
from tests.integration.model_server.light_front.light_server import (
    Start,
    connect,
    is_right,
    port_of,
)
from tests.integration.model_server.light_front.raw_http2 import (
    END,
    block,
    call,
    data,
    headers,
    message,
    prefix,
)
from tests.integration.model_server.servers import Running

MODEL = ModelRef("default")


@pytest.mark.parametrize("scheme", ["h2", "grpc"])
def test_our_client_is_answered(shared: Running, scheme: str) -> None:
    """A tensor of some megabytes goes there and back unchanged."""
    tensor = np.random.default_rng(7).random((3, 500, 777), np.float32)
    with ServingClient(f"{scheme}://127.0.0.1:{port_of(shared)}", check_inputs=False) as client:
        prediction = client.predict(MODEL, {"x": tensor})

    np.testing.assert_array_equal(prediction["y"], tensor)


def test_asyncio_client_is_answered(shared: Running) -> None:
    """Many calls at once over one connection."""

    async def ask() -> list[float]:
        where = f"127.0.0.1:{port_of(shared)}"
        async with AsyncServingClient(where, check_inputs=False) as client:
            tensors = [np.full((2, 9), number, np.float32) for number in range(50)]
            made = (client.predict(MODEL, {"x": tensor}) for tensor in tensors)
            return [float(each["y"].mean()) for each in await asyncio.gather(*made)]

    assert asyncio.run(ask()) == list(range(50))


@pytest.mark.parametrize("way", [grpc.Compression.Gzip, grpc.Compression.Deflate])
def test_compressed_requests_are_inflated(shared: Running, way: grpc.Compression) -> None:
    """As the library does."""
    stub = shared.client.prediction
    request = PredictRequest.FromString(message([3.0] * 9000)[5:])

    answer = stub.Predict(request, timeout=60, compression=way)

    assert list(answer.outputs["y"].float_val) == [3.0] * 9000


def test_request_in_pieces_is_one(shared: Running) -> None:
    """Frames of a byte, with padding, and a header split over writes."""
    sent = call(1)
    with connect(shared) as client:
        for start in range(0, len(sent), 7):
            client.say(sent[start : start + 7])
        _, first = client.answer(1)
        client.say(headers(3, block()))
        for octet in message():
            client.say(frame(FrameType.DATA, bytes([2, octet, 0, 0]), 8, 3))
        client.say(data(3, b"", END))

        assert client.answer(3)[1] == first


def test_dynamic_table_is_kept_for_the_connection(shared: Running) -> None:
    """Headers that the client names by their place are those that it sent before."""
    remembered = b"\x40\x0cx-request-id\x08order-17"
    with connect(shared) as client:
        client.say(headers(1, block() + remembered) + data(1, message(), END))
        first, _ = client.answer(1)
        client.say(headers(3, block() + b"\xbe") + data(3, message(), END))
        second, _ = client.answer(3)

    assert first["x-request-id"] == second["x-request-id"] == "order-17"


def test_answer_waits_for_room(shared: Running) -> None:
    """It comes as far as the windows go, and the rest of it when they are opened."""
    hello = PREFACE + settings({Setting.INITIAL_WINDOW_SIZE: 10})
    with connect(shared, hello) as client:
        client.say(call(1, message([5.0] * 100)))
        first = client.until(FrameType.DATA, 1)
        client.say(window_update(1, 20))
        second = client.until(FrameType.DATA, 1)
        client.say(settings({Setting.INITIAL_WINDOW_SIZE: 10_000}))
        _, rest = client.answer(1)

    assert (len(first.payload), len(second.payload)) == (10, 20)
    whole = first.payload + second.payload + rest
    assert int.from_bytes(whole[1:5], "big") == len(whole) - 5


def test_error_with_every_kind_of_letter_comes_through(shared: Running) -> None:
    """Messages are percent-encoded, and cut as the original cuts them."""
    with connect(shared) as client:
        client.say(call(1, message(model="50 %\nü\N{SNOWMAN}" * 200)))
        fields, _ = client.answer(1)

    assert fields["grpc-status"] == "5"
    assert "50 %25%0A%C3%BC%E2%98%83" in fields["grpc-message"]
    assert fields["grpc-message"].endswith("...TRUNCATED")


def test_watches_that_nobody_reads_hold_up_nobody(shared: Running) -> None:
    """A status that changes while watchers are stuck, come and go."""
    health = shared.server._health
    watch = headers(1, block("/grpc.health.v1.Health/Watch")) + data(1, prefix(0), END)
    stuck = PREFACE + settings({Setting.INITIAL_WINDOW_SIZE: 0})
    with connect(shared, stuck) as deaf, ThreadPoolExecutor(2) as pool:
        deaf.say(watch)
        changes = [pool.submit(health.set_model, "m", bool(number % 2)) for number in range(300)]
        for _ in range(20):
            with connect(shared) as client:
                client.say(watch)
                client.until(FrameType.DATA, 1)
        for change in changes:
            change.result(30)
    assert is_right(shared)


def test_watch_hears_of_changes_until_it_is_cancelled(shared: Running) -> None:
    """And the service forgets it then."""
    health = shared.server._health
    request = health_pb2.HealthCheckRequest(service="another")
    watch = shared.client.health.Watch(request, timeout=60)
    statuses = [next(watch).status]
    for is_available in (True, False):
        health.set_model("another", is_available)
        statuses.append(next(watch).status)

    watch.cancel()

    assert statuses == [3, 1, 2]
    wait_until(lambda: "another" not in health._send_response_callbacks)


def test_drain_says_goodbye_twice_and_finishes(
    start: Start, gate: tuple[FakeRuntime, FakeModel]
) -> None:
    """First for the future, then for good; a call under way is answered, a later one refused."""
    running = start(gate[0])
    with connect(running) as client, ThreadPoolExecutor(1) as pool:
        client.say(call(1))
        wait_until(gate[1].running.is_set)
        draining = pool.submit(running.server.drain)
        first = client.until(FrameType.GOAWAY)
        second = client.until(FrameType.GOAWAY)
        client.say(call(3))
        refused, _ = client.answer(3)
        gate[1].run_gate.set()
        answered, _ = client.answer(1)
        draining.result(30)

        assert [each.payload[:4].hex() for each in (first, second)] == ["7fffffff", "00000001"]
        assert refused == {"reset": str(int(ErrorCode.REFUSED_STREAM))}
        assert answered["grpc-status"] == "0"
        assert client.rest() == []


@pytest.mark.parametrize("name", ["ssl_config_file", "grpc_socket_path", "grpc_channel_arguments"])
def test_flags_that_need_the_library_are_refused(name: str) -> None:
    """Who asks for TLS is never served in the clear."""
    flags = Flags(model_base_path="/m", light_grpc=True)
    more: dict[str, Any] = {name: "a=1"}

    with pytest.raises(ServingError, match=f"--{name} needs the gRPC library"):
        dataclasses.replace(flags, **more)
