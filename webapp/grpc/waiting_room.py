"""Where the frames of a stream wait, and which of them are dropped.

One thread brings frames, another one takes them. A room never grows without a bound: frames are
dropped as its policy says, and whoever brings more than the client reads answers of has to wait.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from threading import Condition
from typing import Generic, Protocol, TypeVar

from webapp.grpc.exceptions import QuietStreamError

# Answers of frames that were turned away, and that the client did not take yet.
_TURNED_AWAY_MAX = 256


class DropReason(Enum):
    """Why a frame is not looked at."""

    REPLACED = "replaced"
    QUEUE_FULL = "queue_full"
    DEADLINE_PASSED = "deadline_passed"


@dataclass(frozen=True, slots=True)
class Policy:
    """Which frames wait while another one is looked at.

    Attributes:
        frames_max: How many, 1 or more.
        bytes_max: What they may weigh together; a single one may weigh more.
        is_latest: Whether a new frame replaces the one that waits, rather than being dropped.
    """

    frames_max: int
    bytes_max: int
    is_latest: bool


class Waiting(Protocol):
    """What can wait."""

    @property
    def sequence(self) -> int:
        """Its number in the stream."""

    @property
    def size_bytes(self) -> int:
        """What it takes in memory."""


_F = TypeVar("_F", bound=Waiting)


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """A frame that will not be looked at.

    Attributes:
        sequence: Its number in the stream.
        why: The reason it was dropped for, or the error that it is.
    """

    sequence: int
    why: DropReason | Exception


class WaitingRoom(Generic[_F]):
    """Hands frames from the thread that receives them to the one that looks at them.

    Args:
        idle_s: How long nothing may come, in seconds.
    """

    def __init__(self, idle_s: float) -> None:
        self._idle_s = idle_s
        self._changed = Condition()
        self._frames: deque[_F] = deque()
        self._turned_away: deque[TurnedAway] = deque()
        self._is_finished = False
        self._error: Exception | None = None
        self.received = 0

    def offer(self, frame: _F, policy: Policy) -> bool:
        """Bring a frame; another one, or itself, may be turned away for it.

        Returns:
            False if no more frames are taken.
        """
        return self._bring(lambda: self._admit(frame, policy))

    def refuse(self, sequence: int, error: Exception) -> bool:
        """Bring a frame that cannot be looked at.

        Returns:
            False if no more frames are taken.
        """
        return self._bring(lambda: self._turned_away.append(TurnedAway(sequence, error)))

    def finish(self, error: Exception | None = None) -> None:
        """Take no more frames; those that wait are still handed out, and then the error is raised.

        Args:
            error: What the stream ends with; the first one counts.
        """
        with self._changed:
            if not self._is_finished:
                self._is_finished, self._error = True, error
            self._changed.notify_all()

    def abandon(self) -> None:
        """Forget everything: nobody wants the answers any more."""
        with self._changed:
            self._is_finished = True
            self._frames.clear()
            self._turned_away.clear()
            self._changed.notify_all()

    def take(self) -> _F | TurnedAway | None:
        """Wait for the next frame, those that were turned away first.

        Returns:
            None at the end.

        Raises:
            QuietStreamError: Nothing came for too long.
            Exception: That which the stream was finished with.
        """
        with self._changed:
            if not self._changed.wait_for(self._has_news, self._idle_s):
                self._is_finished = True
                raise QuietStreamError(self._idle_s)
            return self._next()

    def _next(self) -> _F | TurnedAway | None:
        if self._turned_away:
            self._changed.notify_all()
            return self._turned_away.popleft()
        if self._frames:
            return self._frames.popleft()
        if self._error is not None:
            raise self._error
        return None

    def _has_news(self) -> bool:
        return bool(self._turned_away or self._frames or self._is_finished)

    def _bring(self, put: Callable[[], object]) -> bool:
        with self._changed:
            self._changed.wait_for(self._is_room_for_answers)
            if self._is_finished:
                return False
            self.received += 1
            put()
            self._changed.notify_all()
            return True

    def _is_room_for_answers(self) -> bool:
        return self._is_finished or len(self._turned_away) < _TURNED_AWAY_MAX

    def _admit(self, frame: _F, policy: Policy) -> None:
        if self._has_room(frame, policy):
            self._frames.append(frame)
        elif policy.is_latest:
            older = self._frames.popleft()
            self._turned_away.append(TurnedAway(older.sequence, DropReason.REPLACED))
            self._frames.append(frame)
        else:
            self._turned_away.append(TurnedAway(frame.sequence, DropReason.QUEUE_FULL))

    def _has_room(self, frame: _F, policy: Policy) -> bool:
        if not self._frames:
            return True
        taken = sum(each.size_bytes for each in self._frames)
        is_light = taken + frame.size_bytes <= policy.bytes_max
        return len(self._frames) < policy.frames_max and is_light
