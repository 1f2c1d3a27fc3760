"""Time spans in milliseconds, by name."""

from collections.abc import Callable


class Stopwatch:
    """Measures the laps of one piece of work.

    Args:
        clock: Seconds.

    Attributes:
        laps_ms: How long each took, by name.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._start = self._last = clock()
        self.laps_ms: dict[str, float] = {}

    def lap(self, name: str) -> None:
        """End a lap, and begin the next."""
        now = self._clock()
        self.laps_ms[name] = (now - self._last) * 1000
        self._last = now

    @property
    def total_ms(self) -> float:
        """How long all of it took until now."""
        return (self._clock() - self._start) * 1000
