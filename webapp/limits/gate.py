"""How much is worked on at the same time: so many at once, a few who wait, the rest turned away."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Condition

from webapp.exceptions import BusyError


@dataclass(frozen=True, slots=True)
class GateLimits:
    """How many get through a gate.

    Attributes:
        running_max: How many are worked on at the same time, 1 or more.
        waiting_max: How many may wait for their turn.
        wait_s: How long each of them waits at most, in seconds.
    """

    running_max: int
    waiting_max: int
    wait_s: float


class Gate:
    """Lets so many threads work at once, and never grows a queue without a bound.

    Args:
        limits: How many get through.

    Examples:
        >>> gate = Gate(GateLimits(running_max=1, waiting_max=0, wait_s=0))
        >>> with gate.place():
        ...     print(gate.running)
        1
    """

    def __init__(self, limits: GateLimits) -> None:
        self._limits = limits
        self._changed = Condition()
        self._running = 0
        self._waiting = 0

    @property
    def running(self) -> int:
        """How many are worked on now."""
        return self._running

    @property
    def waiting(self) -> int:
        """How many wait now."""
        return self._waiting

    @contextmanager
    def place(self, *, wait_s: float | None = None) -> Iterator[None]:
        """Take a place, after a short wait if need be, and give it back at the end.

        Args:
            wait_s: How long to wait at most, in seconds, where that is less than the limits allow.

        Raises:
            BusyError: All places are taken, and enough others wait or the wait was too long.
        """
        limit_s = self._limits.wait_s
        self._enter(limit_s if wait_s is None else min(wait_s, limit_s))
        try:
            yield
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify()

    def _enter(self, wait_s: float) -> None:
        with self._changed:
            if not self._is_free() and not self._wait(wait_s):
                raise BusyError
            self._running += 1

    def _wait(self, wait_s: float) -> bool:
        if self._waiting >= self._limits.waiting_max:
            return False
        self._waiting += 1
        try:
            return self._changed.wait_for(self._is_free, wait_s)
        finally:
            self._waiting -= 1

    def _is_free(self) -> bool:
        return self._running < self._limits.running_max
