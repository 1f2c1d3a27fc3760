"""One stream of frames: received in one thread, looked at in another, each answered once."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

import grpc

from protos.gen.sightline.v1 import vision_pb2
from webapp.grpc.errors import is_unexpected, trouble_of
from webapp.grpc.exceptions import MessageError
from webapp.grpc.forms import detect_form
from webapp.grpc.reading import Source, read_picture, read_policy, read_threshold
from webapp.grpc.waiting_room import DropReason, Policy, TurnedAway, WaitingRoom
from webapp.http.request_id import begin_request, request_id
from webapp.models import ModelRepository
from webapp.recognise import Recogniser
from webapp.results import Result, Task

Answer: TypeAlias = vision_pb2.DetectStreamResponse
_MS = 1000
_REASONS = {
    DropReason.REPLACED: vision_pb2.Dropped.REASON_REPLACED,
    DropReason.QUEUE_FULL: vision_pb2.Dropped.REASON_QUEUE_FULL,
    DropReason.DEADLINE_PASSED: vision_pb2.Dropped.REASON_DEADLINE_PASSED,
}
# Waiting frames of one stream weigh at most so many times what a single one may.
_WEIGHT_FACTOR = 4
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture of a stream.

    Attributes:
        sequence: Its number.
        source: What was sent.
        ends_s: When its answer is of no use any more, on the stream's clock; None for never.
    """

    sequence: int
    source: Source
    ends_s: float | None

    @property
    def size_bytes(self) -> int:
        """What it takes in memory."""
        return self.source.size_bytes


@dataclass(frozen=True, slots=True)
class Setup:
    """What holds for all frames.

    Attributes:
        model_name: Which detector.
        threshold: As for :meth:`Recogniser.recognise`.
        policy: Which frames wait.
        is_kept: Whether frames and results are kept.
        timeout_s: Deadline of frames that bring none; None for none.
    """

    model_name: str
    threshold: float | None
    policy: Policy
    is_kept: bool
    timeout_s: float | None


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of frames; in the end, ``received`` is the sum of the others."""

    received: int = 0
    answered: int = 0
    dropped: int = 0
    failed: int = 0


class FrameStream:
    """Answers frames until they end.

    Args:
        recogniser: Looks at them.
        models: What is installed.
        bytes_max: What one frame may weigh.
        idle_s: How long no message may come, in seconds.
        clock: Seconds that only ever grow.

    Attributes:
        counts: What became of frames so far.
    """

    def __init__(
        self,
        recogniser: Recogniser,
        models: ModelRepository,
        *,
        bytes_max: int,
        idle_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._recogniser = recogniser
        self._models = models
        self._bytes_max = bytes_max
        self._clock = clock
        self._room: WaitingRoom[Frame] = WaitingRoom(idle_s)
        self._setup: Setup | None = None
        self._last_sequence: int | None = None
        self.counts = Counts()

    @property
    def model_name(self) -> str:
        """The model that was asked for; "-" before the setup, and for the default one."""
        return self._setup.model_name or "-" if self._setup else "-"

    def finish(self, error: Exception | None = None) -> None:
        """Take no more frames, answer those that were taken, then end with the error."""
        self._room.finish(error)

    def abandon(self) -> None:
        """End at once: nobody wants the answers any more."""
        self._room.abandon()

    def receive(self, messages: Iterator[vision_pb2.DetectStreamRequest]) -> None:
        """Take messages, in a thread of its own, until they end or are not wanted any more."""
        threading.Thread(
            target=self._receive, args=(messages, request_id()), name="frames", daemon=True
        ).start()

    def answers(
        self,
        *,
        time_left_s: Callable[[], float | None],
        count_change: Callable[[], None],
    ) -> Iterator[Answer]:
        """Yield the answer of each frame, and the summary.

        Args:
            time_left_s: Says how many seconds there are until the stream's own deadline.
            count_change: Is called before a frame is kept; raises where that is too often.

        Raises:
            FrontError: The setup makes no sense, nothing came for too long, or the server stops.
            WebappError: The model cannot be asked.
        """
        try:
            while (item := self._room.take()) is not None:
                if isinstance(item, TurnedAway):
                    answer = _turned_away(item)
                else:
                    answer = self._look(item, time_left_s(), count_change)
                self._count(answer)
                yield answer
            yield self._summary()
        finally:
            self.abandon()

    def _summary(self) -> Answer:
        self.counts = replace(self.counts, received=self._room.received)
        return Answer(
            summary=vision_pb2.StreamSummary(
                received=self.counts.received,
                answered=self.counts.answered,
                dropped=self.counts.dropped,
                failed=self.counts.failed,
            )
        )

    def _count(self, answer: Answer) -> None:
        name = {"result": "answered", "dropped": "dropped", "error": "failed"}[
            answer.WhichOneof("outcome") or "error"
        ]
        self.counts = replace(self.counts, **{name: getattr(self.counts, name) + 1})

    def _receive(self, messages: Iterator[vision_pb2.DetectStreamRequest], given_id: str) -> None:
        begin_request(given_id)
        try:
            self._begin(messages)
            for message in messages:
                if not self._take(message):
                    return
        except grpc.RpcError:  # the call was cancelled
            self.abandon()
        except Exception as error:  # noqa: BLE001  the edge of a thread; the other one raises it
            self.finish(error)
        finally:
            self.finish()

    def _begin(self, messages: Iterator[vision_pb2.DetectStreamRequest]) -> None:
        first = next(messages, None)
        if first is None or first.WhichOneof("message") != "setup":
            raise MessageError("setup", "The first message of a stream has to be its setup.")
        setup = first.setup
        self._models.choose(setup.model, Task.DETECTION)
        self._setup = Setup(
            setup.model,
            read_threshold(setup),
            read_policy(setup, bytes_max=_WEIGHT_FACTOR * self._bytes_max),
            setup.keep,
            setup.timeout_ms / _MS or None,
        )

    def _take(self, message: vision_pb2.DetectStreamRequest) -> bool:
        if message.WhichOneof("message") != "frame":
            raise MessageError("frame", "Every message of a stream but the first is a frame.")
        setup = self._expect_setup()
        frame = message.frame
        try:
            self._check_order(frame.sequence)
            source = read_picture(frame.picture, frame.name, bytes_max=self._bytes_max)
        except Exception as error:  # noqa: BLE001  it becomes the frame's answer
            return self._room.refuse(frame.sequence, error)
        timeout_s = frame.timeout_ms / _MS or setup.timeout_s
        ends_s = self._clock() + timeout_s if timeout_s else None
        return self._room.offer(Frame(frame.sequence, source, ends_s), setup.policy)

    def _check_order(self, sequence: int) -> None:
        last = self._last_sequence
        if last is not None and sequence <= last:
            raise MessageError(
                "frame.sequence", f"Expected a number above {last}, got {sequence}: they rise."
            )
        self._last_sequence = sequence

    def _look(
        self, frame: Frame, time_left_s: float | None, count_change: Callable[[], None]
    ) -> Answer:
        left_s = self._left_s(frame, time_left_s)
        if left_s is not None and left_s <= 0:
            return _turned_away(TurnedAway(frame.sequence, DropReason.DEADLINE_PASSED))
        try:
            result = self._result(frame, left_s, count_change).expect_done()
        except Exception as error:  # noqa: BLE001  it becomes the frame's answer
            return _turned_away(TurnedAway(frame.sequence, error))
        return Answer(sequence=frame.sequence, result=detect_form(result))

    def _left_s(self, frame: Frame, time_left_s: float | None) -> float | None:
        own_s = None if frame.ends_s is None else frame.ends_s - self._clock()
        known = [each for each in (own_s, time_left_s) if each is not None]
        return min(known, default=None)

    def _result(
        self, frame: Frame, left_s: float | None, count_change: Callable[[], None]
    ) -> Result:
        setup = self._expect_setup()
        if setup.is_kept:
            count_change()
            return self._recogniser.recognise(
                frame.source.upload(bytes_max=self._bytes_max),
                model_name=setup.model_name,
                threshold=setup.threshold,
                task=Task.DETECTION,
                timeout_s=left_s,
            )
        return self._recogniser.glance(
            frame.source.content,
            model_name=setup.model_name,
            threshold=setup.threshold,
            task=Task.DETECTION,
            timeout_s=left_s,
        )

    def _expect_setup(self) -> Setup:
        if self._setup is None:
            raise RuntimeError("a frame was taken before the setup")
        return self._setup


def _turned_away(frame: TurnedAway) -> Answer:
    if isinstance(frame.why, DropReason):
        dropped = vision_pb2.Dropped(reason=_REASONS[frame.why])
        return Answer(sequence=frame.sequence, dropped=dropped)
    if is_unexpected(frame.why):
        _log.error("frame %d failed", frame.sequence, exc_info=frame.why)
    return Answer(sequence=frame.sequence, error=trouble_of(frame.why).error())
