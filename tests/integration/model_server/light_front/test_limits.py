"""The light gRPC front end and clients that take memory, time, streams and connections."""

import errno
import gzip
import zlib
from typing import Any

import pytest

from http2.frames import PREFACE, ErrorCode, FrameType, Setting, frame, settings
from model_server.h2_front import connection as connections
from model_server.testing import FakeModel, FakeRuntime, wait_until
from tests.integration.model_server.light_front.light_server import (
    Start,
    connect,
    front_of,
    is_right,
)
from tests.integration.model_server.light_front.raw_http2 import (
    END,
    block,
    call,
    data,
    goaway_code,
    headers,
    message,
    prefix,
)
from tests.integration.model_server.servers import Running

PING = frame(FrameType.PING, b"12345678")


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
