"""The light gRPC front end: clients of all kinds, and peers that break every rule."""

import asyncio
import dataclasses
import errno
import gzip
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from grpc_health.v1 import health_pb2
from tensorflow_serving.apis.predict_pb2 import PredictRequest

from http2.frames import PREFACE, ErrorCode, FrameType, Setting, frame, settings, window_update
from model_server.config import Flags
from model_server.h2_front import connection as connections
from model_server.h2_front.settings import LightSettings
from model_server.status import ServingError
from model_server.testing import FakeModel, FakeRuntime, wait_until
from serving_client import AsyncServingClient, ModelRef, ServingClient
from tests.integration.model_server.light_server import (
    connect,
    front_of,
    is_right,
    light_server,
    port_of,
)
from tests.integration.model_server.raw_http2 import (
    END,
    block,
    call,
    data,
    goaway_code,
    headers,
    message,
    prefix,
)
from tests.integration.model_server.servers import Running, run_server

MODEL = ModelRef("default")
PING = frame(FrameType.PING, b"12345678")
Start = Callable[..., Running]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """A function that starts a server with limits of a test's own: `start(streams_max=1)`."""
    started: list[Running] = []
    (tmp_path / "model" / "1").mkdir(parents=True)

    def start(runtime: FakeRuntime | None = None, **limits: Any) -> Running:
        of = LightSettings.of
        monkeypatch.setattr(
            LightSettings, "of", lambda flags: dataclasses.replace(of(flags), **limits)
        )
        path = str(tmp_path / "model")
        runtime = runtime or FakeRuntime()
        started.append(run_server(runtime, model_base_path=path, light_grpc=True))
        monkeypatch.undo()
        return started[-1]

    yield start
    for each in started:
        each.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server for tests that change nothing."""
    with light_server(tmp_path_factory.mktemp("light")) as running:
        yield running


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[tuple[FakeRuntime, FakeModel]]:
    """A runtime whose model's runs wait until the test is over, or lets them go."""
    runtime = FakeRuntime()
    model = runtime.models[tmp_path / "model" / "1"]
    model.run_gate.clear()
    yield runtime, model
    model.run_gate.set()


# --- clients that behave


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


# --- memory and time


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"no gzip at all", "cannot be inflated"),
        (gzip.compress(bytes(100))[:-9], "is cut off"),
        (zlib.compress(bytes(9000)), "has over 4096 bytes"),
    ],
    ids=["no gzip", "cut off", "bomb"],
)
def test_compressed_request_is_inflated_within_limits(
    start: Start, body: bytes, words: str
) -> None:
    """A bomb does not explode."""
    with connect(start(inflated_bytes_max=4096)) as client:
        client.say(headers(1, block(more=[("grpc-encoding", "gzip")])))
        client.say(data(1, prefix(len(body), compressed=True) + body, END))
        fields, _ = client.answer(1)

    assert words in fields["grpc-message"]


def test_announced_message_takes_no_memory(shared: Running) -> None:
    """What is taken is what has come, not what is said to come."""
    budget = front_of(shared)._budget
    with connect(shared) as client:
        for stream in range(1, 201, 2):
            client.say(headers(stream, block()) + data(stream, prefix(2**31 - 1) + b"x"))
        client.say(PING)
        client.until(FrameType.PING)

        assert budget.taken <= 100 * (64 << 10)
    wait_until(lambda: budget.taken == 0)


def test_requests_share_a_budget(start: Start) -> None:
    """One that would exceed it is refused; one alone may be large."""
    running = start(budget_bytes=1 << 20)
    large = data(1, prefix(3 << 20) + bytes((1 << 20) - 5)) + data(1, bytes(1 << 20))
    with connect(running) as client, connect(running) as other:
        client.say(headers(1, block()) + large + PING)
        client.until(FrameType.PING)
        other.say(call(1, message([1.0] * 100_000)))
        fields, _ = other.answer(1)
        client.say(frame(FrameType.RST_STREAM, bytes(4), 0, 1) + PING)
        client.until(FrameType.PING)
        other.say(call(3, message([1.0] * 100_000)))

        assert (fields["grpc-status"], "try again later" in fields["grpc-message"]) == ("8", True)
        assert other.answer(3)[0]["grpc-status"] == "0"


def test_answer_that_nobody_reads_is_given_up(start: Start) -> None:
    """Its memory comes back, and the connection ends."""
    running = start(slow_after_s=0.5)
    budget = front_of(running)._budget
    with connect(running, PREFACE + settings({Setting.INITIAL_WINDOW_SIZE: 0})) as client:
        client.say(call(1, message([1.0] * 100_000)))
        wait_until(lambda: budget.taken > 300_000)

        assert not [each for each in client.rest() if each.kind == FrameType.DATA]
    wait_until(lambda: budget.taken == 0)
    assert is_right(running)


def test_answers_that_nobody_reads_share_the_budget(start: Start) -> None:
    """A client that lets them pile up is hung up on."""
    running = start(budget_bytes=1 << 20)
    hello = PREFACE + settings({Setting.INITIAL_WINDOW_SIZE: 0})
    with connect(running, hello) as client:
        for stream in range(1, 21, 2):
            client.say(call(stream, message([1.0] * 50_000)))
        client.rest()
    wait_until(lambda: front_of(running)._budget.taken == 0)
    assert is_right(running)


def test_request_that_comes_too_slowly_is_refused(start: Start) -> None:
    """Also one whose deadline passes meanwhile."""
    with connect(start(slow_after_s=0.5)) as client:
        client.say(headers(1, block()) + data(1, prefix(99)))
        slow, _ = client.answer(1)
        client.say(headers(3, block(more=[("grpc-timeout", "10m")])) + data(3, prefix(99)))
        late, _ = client.answer(3)

    assert [fields["grpc-status"] for fields in (slow, late)] == ["4", "4"]
    assert "expected at least 1024" in slow["grpc-message"]
    assert "Deadline exceeded before" in late["grpc-message"]


def test_request_that_stops_coming_is_refused(start: Start) -> None:
    """However fast it began: what it holds is needed by others."""
    running = start(slow_after_s=0.5)
    with connect(running) as client:
        client.say(headers(1, block()) + data(1, prefix(1 << 20) + bytes(200_000)))
        stuck, _ = client.answer(1)
        wait_until(lambda: front_of(running)._budget.taken == 0)

    assert stuck["grpc-status"] == "4"
    assert stuck["grpc-message"].startswith("0 bytes of the request came in")


def test_port_that_could_accept_nobody_opens_again(start: Start) -> None:
    """As when all descriptors were in use, and nobody was connected who could wake it up."""
    running = start()
    door = front_of(running)._door
    assert door is not None

    door._pause(OSError(errno.EMFILE, "Too many open files"))

    assert is_right(running)


def test_calls_whose_time_was_up_may_be_taken_back(start: Start) -> None:
    """A client that gives up at the deadline that it told breaks no rule, however often."""
    with connect(start()) as client:
        for number in range(1, 1201, 2):
            client.say(headers(number, block(more=[("grpc-timeout", "1u")])))
            client.say(frame(FrameType.RST_STREAM, bytes(4), 0, number))
        client.say(PING)
        client.until(FrameType.PING)


@pytest.mark.parametrize(
    "words", [b"", PREFACE[:10], PREFACE], ids=["nothing", "half a word", "no settings"]
)
def test_connection_without_a_word_ends(
    start: Start, monkeypatch: pytest.MonkeyPatch, words: bytes
) -> None:
    """Whoever does not even greet takes nobody's place for long."""
    monkeypatch.setattr(connections, "_GREETING_S", 0.2)
    running = start()
    monkeypatch.setattr(connections, "_GREETING_S", 0.2)
    with connect(running, words) as client:
        assert FrameType.GOAWAY not in [each.kind for each in client.rest()]


def test_half_a_frame_ends_the_connection(start: Start) -> None:
    """If the other half does not come."""
    with connect(start(slow_after_s=0.5)) as client:
        client.say(PING[:12])
        client.rest()


def test_more_calls_than_allowed_are_refused_unseen(
    start: Start, gate: tuple[FakeRuntime, FakeModel]
) -> None:
    """So that clients know that they can send them again."""
    with connect(start(gate[0], streams_max=2)) as client:
        client.say(call(1) + call(3) + call(5))
        refused, _ = client.answer(5)
        gate[1].run_gate.set()

        assert refused == {"reset": str(int(ErrorCode.REFUSED_STREAM))}
        assert client.answer(3)[0]["grpc-status"] == "0"


def test_more_calls_than_can_wait_are_refused(
    start: Start, gate: tuple[FakeRuntime, FakeModel]
) -> None:
    """With a status that says that they may come later; health is answered all the same."""
    running = start(gate[0], threads=1, waiting_max=1)
    with connect(running) as client:
        client.say(call(1))
        wait_until(gate[1].running.is_set)
        client.say(call(3) + call(5))
        refused, _ = client.answer(5)

        assert refused["grpc-status"] == "14"
        assert running.client.health_of("") == "SERVING"
        gate[1].run_gate.set()
        assert client.answer(3)[0]["grpc-status"] == "0"


def test_idle_connection_makes_room_for_a_new_one(
    start: Start, gate: tuple[FakeRuntime, FakeModel]
) -> None:
    """One with a call under way does not."""
    running = start(gate[0], connections_max=2)
    with connect(running) as busy, connect(running) as idle:
        busy.say(call(1))
        wait_until(gate[1].running.is_set)
        idle.until(FrameType.SETTINGS)
        with connect(running) as third:
            assert goaway_code(idle.rest()) == ErrorCode.NO_ERROR
            third.say(call(1))
            third.until(FrameType.SETTINGS)
            wait_until(lambda: gate[1].runs == 2)
            with connect(running) as fourth:
                assert goaway_code(fourth.rest()) == ErrorCode.ENHANCE_YOUR_CALM
            gate[1].run_gate.set()
            assert third.answer(1)[0]["grpc-status"] == "0"
        assert busy.answer(1)[0]["grpc-status"] == "0"


def test_client_that_hangs_up_takes_its_calls_along(
    start: Start, gate: tuple[FakeRuntime, FakeModel]
) -> None:
    """Those that wait are dropped before they run."""
    running = start(gate[0], threads=1)
    with connect(running) as client:
        client.say(call(1))
        wait_until(gate[1].running.is_set)
        client.say(call(3) + call(5) + PING)
        client.until(FrameType.PING)
    wait_until(lambda: not [each for each in _door(running)._snapshot() if each.is_busy])
    gate[1].run_gate.set()

    assert is_right(running)
    assert gate[1].runs == 2


def _door(running: Running) -> Any:
    return front_of(running)._door


# --- health, draining


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
