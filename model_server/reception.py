"""Handing each call that has arrived to the next free thread."""

import threading
from abc import ABC, abstractmethod
from collections import deque
from typing import Generic, Protocol, TypeVar

from model_server.status import Code, ServingError


class Waiting(Protocol):
    """A call that may have to wait for a thread; `bytes_` is the memory that it takes meanwhile."""

    bytes_: int


C = TypeVar("C", bound=Waiting)


class Reception(ABC, Generic[C]):
    """Where threads get the calls that they run, at most so many of them at once.

    The threads take turns at the door: whoever is free and first in line takes in what arrives,
    until there is a call for itself; then the next one steps up while the call is run. So nobody
    has to be woken up between the arrival of a call and its run, and there is always one who takes
    in calls as they come, cancellations, and the news that a client is gone, even if all others are
    busy; for that there must be a thread more than calls that run at once.

    Args:
        threads: Calls that run at once.
        waiting_max: Calls that wait at most; more are refused.
        waiting_bytes_max: The bytes of those that wait; one alone may have more.
    """

    def __init__(self, threads: int, waiting_max: int, waiting_bytes_max: int) -> None:
        self._threads = threads
        self._waiting_max = waiting_max
        self._waiting_bytes_max = waiting_bytes_max
        self._door = threading.Lock()
        self._changed = threading.Condition()
        self._waiting: deque[C] = deque()
        self._waiting_bytes = 0
        self._running = 0
        self._is_closing = False
        self._is_closed = False

    @abstractmethod
    def take_in(self) -> bool:
        """Take in, without waiting, some of what has arrived, and `admit` calls.

        For one thread at a time.

        Returns:
            Whether there was anything.
        """

    @abstractmethod
    def wait(self) -> None:
        """Wait until something arrives, or `wake` is called. For one thread at a time."""

    @abstractmethod
    def wake(self) -> None:
        """End the wait of the thread that waits."""

    def next_call(self) -> C | None:
        """Wait for a call to run; `None` once there will be no more. Each must be `finish`ed."""
        if call := self._take():
            return call
        with self._door:
            while not self._is_closed:
                took_in = self.take_in()
                if call := self._take():
                    return call
                if not took_in:
                    self.wait()
        return None

    def admit(self, call: C) -> None:
        """Let a call wait for its turn.

        Raises:
            ServingError: There are too many already, or the server is about to stop.
        """
        if self._is_closing:
            raise ServingError(Code.UNAVAILABLE, "The server is about to stop")
        with self._changed:
            waiting_bytes = self._waiting_bytes + call.bytes_
            is_full = len(self._waiting) >= self._waiting_max
            if is_full or (self._waiting and waiting_bytes > self._waiting_bytes_max):
                raise ServingError(
                    Code.UNAVAILABLE, f"{len(self._waiting)} calls wait already, try again later"
                )
            self._waiting.append(call)
            self._waiting_bytes = waiting_bytes

    def finish(self, call: C) -> None:  # noqa: ARG002  # who keeps calls in mind wants to know
        """Note that a call was answered."""
        with self._changed:
            self._running -= 1
            self._changed.notify_all()

    def refuse(self) -> None:
        """Take in no more calls."""
        self._is_closing = True

    def close(self, finish_s: float) -> None:
        """Let the calls that were taken in finish for so long, and hand out no more."""
        self.refuse()
        with self._changed:
            self._changed.wait_for(lambda: not (self._waiting or self._running), finish_s)
        self._is_closed = True
        self.wake()
        with self._door:  # whoever stood there has left
            pass

    def _take(self) -> C | None:
        with self._changed:
            is_full = self._running >= self._threads
            if self._is_closed or is_full or not self._waiting:
                return None
            self._running += 1
            call = self._waiting.popleft()
            self._waiting_bytes -= call.bytes_
            return call
