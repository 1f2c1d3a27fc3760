"""A stream of frames: each is answered once, and nothing is left over."""

import queue
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

import grpc
import numpy as np
import pytest

from protos.gen.sightline.v1 import vision_pb2
from serving_client import UnavailableError
from tests.integration.webapp.grpc_client import (
    Stub,
    asked_for_s,
    details_of,
    grpc_settings,
    status_of,
    stub_of,
)
from webapp import Settings
from webapp.grpc.frames import FrameStream
from webapp.testing import FakeModelServer, RunningGrpcFront

Message = vision_pb2.DetectStreamRequest
Photo = Callable[[int], bytes]
LATEST = vision_pb2.StreamSetup(latest=vision_pb2.Latest(), threshold=0.2)


def queue_of(frames_max: int, *, keep: bool = False) -> vision_pb2.StreamSetup:
    """A setup with a queue."""
    return vision_pb2.StreamSetup(queue=vision_pb2.Queue(frames_max=frames_max), keep=keep)


@pytest.fixture
def running(settings: Settings, model_server: FakeModelServer) -> Iterator[RunningGrpcFront]:
    """The gRPC front, stopped at the end."""
    with RunningGrpcFront(grpc_settings(settings), model_server) as front:
        yield front


@pytest.fixture
def stub(running: RunningGrpcFront) -> Iterator[Stub]:
    """What calls it."""
    with stub_of(running.target) as stub:
        yield stub


def frame(sequence: int, data: bytes, *, timeout_ms: int = 0) -> Message:
    """A frame as a message."""
    picture = vision_pb2.Picture(file=data)
    return Message(
        frame=vision_pb2.Frame(sequence=sequence, picture=picture, timeout_ms=timeout_ms)
    )


def outcomes(answers: list[vision_pb2.DetectStreamResponse]) -> dict[int, str | None]:
    """What became of each frame."""
    return {each.sequence: each.WhichOneof("outcome") for each in answers}


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait for a condition, ten seconds at most."""
    end_s = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < end_s, "it did not happen"
        threading.Event().wait(0.01)


def frame_threads() -> int:
    """How many threads receive frames."""
    return sum(thread.name == "frames" for thread in threading.enumerate())


def test_each_frame_is_answered_and_nothing_is_kept(
    stub: Stub, running: RunningGrpcFront, photo: Photo
) -> None:
    """A queue that is never full answers files and pixels in order, and the counts add up."""
    pixels = np.zeros((20, 50, 3), np.uint8)
    rgb = vision_pb2.RgbPixels(width=50, height=20, data=pixels.tobytes())
    bare = Message(
        frame=vision_pb2.Frame(sequence=9, picture=vision_pb2.Picture(rgb=rgb), timeout_ms=20_000)
    )

    answers = list(
        stub.DetectStream(iter([Message(setup=queue_of(5)), frame(4, photo(1)), bare]), timeout=30)
    )

    *found, last = answers
    assert [each.sequence for each in found] == [4, 9]
    assert [each.result.width for each in found] == [80, 50]
    assert [each.label for each in found[0].result.detections] == ["dog"]
    assert found[0].result.id == ""
    assert last.summary == vision_pb2.StreamSummary(received=2, answered=2)
    assert running.parts.results.original_bytes() == 0


def test_frames_are_kept_if_asked(stub: Stub, running: RunningGrpcFront, photo: Photo) -> None:
    """With `keep`, a frame has a result that can be looked up, as with Detect."""
    messages = iter([Message(setup=queue_of(5, keep=True)), frame(1, photo(1))])

    answer, _ = stub.DetectStream(messages, timeout=30)

    kept = running.parts.results.get(answer.result.id)
    assert running.parts.originals.read(kept.original_name) == photo(1)


def test_latest_drops_what_a_newer_frame_replaced(
    stub: Stub, model_server: FakeModelServer, photo: Photo
) -> None:
    """While one frame is looked at, only the newest of the others waits."""
    is_asked, may_answer = threading.Event(), threading.Event()

    def hold() -> None:
        is_asked.set()
        may_answer.wait(10)

    model_server.on_predict = hold
    sending: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
    call = stub.DetectStream(iter(sending.get, None), timeout=30)
    sending.put(Message(setup=LATEST))
    sending.put(frame(1, photo(1)))
    assert is_asked.wait(10)
    for sequence in (2, 3, 4):
        sending.put(frame(sequence, photo(1)))
    sending.put(Message(frame=vision_pb2.Frame(sequence=5)))  # refused, so all before it are in
    sending.put(None)
    may_answer.set()

    answers = list(call)

    summary = answers.pop().summary
    became = outcomes(answers)
    assert (became[1], became[5]) == ("result", "error")
    assert summary.received == 5 == len(answers)
    assert summary.received == summary.answered + summary.dropped + summary.failed
    assert all(
        each.dropped.reason == vision_pb2.Dropped.REASON_REPLACED
        for each in answers
        if each.WhichOneof("outcome") == "dropped"
    )


def test_a_frame_whose_deadline_passed_is_dropped(
    running: RunningGrpcFront, stub: Stub, model_server: FakeModelServer, photo: Photo
) -> None:
    """A frame that waited too long is not looked at; one that is passes its time on."""
    is_asked, may_answer = threading.Event(), threading.Event()

    def hold() -> None:
        is_asked.set()
        may_answer.wait(10)

    model_server.on_predict = hold
    sending: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
    call = stub.DetectStream(iter(sending.get, None), timeout=30)
    sending.put(Message(setup=queue_of(2)))
    sending.put(frame(1, photo(1), timeout_ms=7_000))
    assert is_asked.wait(10)
    sending.put(frame(2, photo(1), timeout_ms=1))
    (stream,) = running.front.streams._open
    assert isinstance(stream, FrameStream)
    wait_until(lambda: stream._room.received == 2)
    passed_s = time.monotonic() + 0.002
    wait_until(lambda: time.monotonic() > passed_s)
    may_answer.set()
    sending.put(None)

    answers = list(call)

    assert outcomes(answers) == {1: "result", 2: "dropped", 0: "summary"}
    assert answers[1].dropped.reason == vision_pb2.Dropped.REASON_DEADLINE_PASSED
    assert 0 < asked_for_s(model_server) <= 7


def test_a_bad_frame_fails_alone(stub: Stub, photo: Photo) -> None:
    """No picture, a damaged one and a sequence that falls are errors; the stream goes on."""
    messages = [
        Message(setup=queue_of(9)),
        Message(frame=vision_pb2.Frame(sequence=1)),
        frame(2, b"nonsense"),
        frame(2, photo(1)),
        frame(3, photo(1)),
    ]

    answers = list(stub.DetectStream(iter(messages), timeout=30))

    errors = [each.error for each in answers if each.WhichOneof("outcome") == "error"]
    assert [error.code for error in errors] == [3, 3, 3]
    fields = {details_of(error)["BadRequest"].field_violations[0].field for error in errors}
    assert fields == {"picture", "frame.sequence"}
    assert answers[-1].summary == vision_pb2.StreamSummary(received=4, answered=1, failed=3)


def test_frames_fail_while_the_model_server_is_away(
    stub: Stub, model_server: FakeModelServer, photo: Photo
) -> None:
    """Each frame says so, with RetryInfo; the stream goes on."""
    model_server.failure = UnavailableError

    answer, summary = stub.DetectStream(
        iter([Message(setup=queue_of(9)), frame(1, photo(1))]), timeout=30
    )

    assert answer.error.code == grpc.StatusCode.UNAVAILABLE.value[0]
    assert details_of(answer.error)["RetryInfo"].retry_delay.seconds == 10
    assert "kept" not in details_of(answer.error)["ErrorInfo"].metadata
    assert summary.summary.failed == 1


@pytest.mark.parametrize(
    ("messages", "field"),
    [
        ([], "setup"),
        ([Message()], "setup"),
        ([Message(frame=vision_pb2.Frame(sequence=1))], "setup"),
        ([Message(setup=vision_pb2.StreamSetup())], "setup.policy"),
        ([Message(setup=queue_of(0))], "setup.queue.frames_max"),
        ([Message(setup=queue_of(65))], "setup.queue.frames_max"),
        ([Message(setup=LATEST), Message(setup=LATEST)], "frame"),
        (
            [Message(setup=vision_pb2.StreamSetup(latest=vision_pb2.Latest(), threshold=2))],
            "threshold",
        ),
        (
            [Message(setup=vision_pb2.StreamSetup(latest=vision_pb2.Latest(), model="nobody"))],
            "model",
        ),
    ],
    ids=lambda value: " ".join(str(value).split())[:40],
)
def test_a_stream_that_makes_no_sense_ends(stub: Stub, messages: list[Message], field: str) -> None:
    """What concerns the whole stream is its status, and names the field."""
    with pytest.raises(grpc.RpcError) as caught:
        list(stub.DetectStream(iter(messages), timeout=30))

    status, details = status_of(caught.value)
    assert status.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
    assert details["BadRequest"].field_violations[0].field == field


def test_only_so_many_streams_are_open_and_quiet_ones_end(
    settings: Settings, model_server: FakeModelServer
) -> None:
    """One stream too many is turned away; one that sends nothing gives its place back."""
    small = replace(grpc_settings(settings), grpc_streams_max=1, grpc_idle_s=0.3)
    sending: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
    with RunningGrpcFront(small, model_server) as front, stub_of(front.target) as stub:
        quiet = stub.DetectStream(iter(sending.get, None), timeout=30)
        wait_until(lambda: front.front.streams.count == 1)
        with pytest.raises(grpc.RpcError) as turned_away:
            list(stub.DetectStream(iter([Message(setup=LATEST)]), timeout=30))
        with pytest.raises(grpc.RpcError) as ended:
            list(quiet)
        sending.put(None)

    assert status_of(turned_away.value)[0].code == grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]
    assert status_of(ended.value)[0].code == grpc.StatusCode.ABORTED.value[0]


def test_a_stop_answers_what_was_taken(
    running: RunningGrpcFront, stub: Stub, model_server: FakeModelServer, photo: Photo
) -> None:
    """The frame that is looked at is answered, then the stream says that the server stops."""
    is_asked, may_answer = threading.Event(), threading.Event()

    def hold() -> None:
        is_asked.set()
        may_answer.wait(10)

    model_server.on_predict = hold
    sending: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
    call = stub.DetectStream(iter(sending.get, None), timeout=30)
    sending.put(Message(setup=LATEST))
    sending.put(frame(1, photo(1)))
    assert is_asked.wait(10)

    stopping = threading.Thread(target=running.front.stop)
    stopping.start()
    may_answer.set()
    first = next(call)
    with pytest.raises(grpc.RpcError) as ended:
        list(call)
    sending.put(None)
    stopping.join(15)

    assert first.WhichOneof("outcome") == "result"
    assert status_of(ended.value)[0].code == grpc.StatusCode.UNAVAILABLE.value[0]
    assert not stopping.is_alive()


def test_a_thousand_frames_with_cancellations_leave_nothing_behind(
    running: RunningGrpcFront, stub: Stub, photo: Photo
) -> None:
    """Fifty streams of twenty frames, half of them cancelled midway: no place or thread is lost."""
    chance = random.Random(7)  # noqa: S311  no secret
    data, counts = photo(1), Counter[str]()
    for number in range(50):
        setup = LATEST if number % 2 else queue_of(4)
        messages = [Message(setup=setup), *(frame(sequence, data) for sequence in range(20))]
        answers_wanted = chance.randrange(15) if number % 4 < 2 else 99
        call = stub.DetectStream(iter(messages), timeout=30)
        for answer in call:
            if answer.WhichOneof("outcome") == "summary":
                summary = answer.summary
                assert summary.received == 20
                assert summary.answered + summary.dropped + summary.failed == 20
                counts["whole"] += 1
            elif answers_wanted == 0:
                call.cancel()
                counts["cancelled"] += 1
                break
            answers_wanted -= 1

    wait_until(lambda: running.front.streams.count == 0 and frame_threads() == 0)

    gate = running.parts.recogniser._gate
    wait_until(lambda: gate.running == 0)
    assert counts["whole"] >= 20
    assert counts["cancelled"] > 10
    assert gate.waiting == 0
    assert running.parts.results.original_bytes() == 0
    assert next(stub.DetectStream(iter([Message(setup=LATEST)]))).HasField("summary")
