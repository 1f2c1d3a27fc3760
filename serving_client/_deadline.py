"""The one deadline of a call."""

import time
from collections.abc import Callable

__all__ = ["Deadline"]

Clock = Callable[[], float]

_SECONDS_MAX = 1_000_000.0


class Deadline:
    """A span of time that only shrinks; everything a call does happens inside it.

    Args:
        seconds: how long, from now; positive.
        clock: monotonic, in seconds.

    Raises:
        ValueError: `seconds` is not positive, or more than eleven days.
    """

    def __init__(self, seconds: float, clock: Clock = time.monotonic) -> None:
        if not 0 < seconds <= _SECONDS_MAX:
            raise ValueError(f"a deadline lies up to {_SECONDS_MAX:.0f} s ahead, not {seconds} s")
        self.seconds = seconds
        self._clock = clock
        self._start = clock()

    @property
    def elapsed_s(self) -> float:
        """Seconds since the start."""
        return self._clock() - self._start

    @property
    def remaining_s(self) -> float:
        """Seconds left, at least 0."""
        return max(0.0, self.seconds - self.elapsed_s)
