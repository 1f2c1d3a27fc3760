"""What this process has been asked lately: requests, errors and times, minute by minute."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Self

from webapp.presentation.sparkline import Bar, bars, line

MINUTES = 60
"""How far back it looks."""
_MINUTE_S = 60.0
_ERROR_FROM = 500
# Of a busier minute the first ones stand for all.
_SPANS_MAX = 2000


@dataclass(frozen=True, slots=True)
class Minute:
    """One minute.

    Attributes:
        requests: How many were answered.
        errors: How many of them with a status of 500 or more.
        median_ms: The median time of an answer; 0 where there was none.
        slow_ms: The time that 95 of 100 answers stayed below; 0 where there was none.
    """

    requests: int
    errors: int
    median_ms: float
    slow_ms: float


@dataclass(slots=True)
class _Tally:
    number: int
    requests: int
    errors: int
    spans_ms: list[float]


@dataclass(frozen=True, slots=True)
class Hour:
    """The last hour in numbers and as drawings.

    Attributes:
        requests: How many were answered.
        errors: How many of them with a status of 500 or more.
        latest: The last minute in which there was any; a quiet one where there was none.
        request_bars: Requests of each minute.
        error_bars: Errors of each minute, at the same scale.
        median_line: The median time of each minute.
        slow_line: The time that 95 of 100 answers stayed below, at the same scale.
        slow_ms_max: The height of the two lines, in milliseconds.
    """

    requests: int
    errors: int
    latest: Minute
    request_bars: tuple[Bar, ...]
    error_bars: tuple[Bar, ...]
    median_line: str
    slow_line: str
    slow_ms_max: float

    @classmethod
    def of(cls, history: Sequence[Minute]) -> Self:
        """Draw a history, the oldest minute first, of one minute or more."""
        busiest = max(minute.requests for minute in history)
        slowest_ms = max(minute.slow_ms for minute in history)
        return cls(
            requests=sum(minute.requests for minute in history),
            errors=sum(minute.errors for minute in history),
            latest=next((each for each in reversed(history) if each.requests), history[-1]),
            request_bars=bars([minute.requests for minute in history], busiest),
            error_bars=bars([minute.errors for minute in history], busiest),
            median_line=line([minute.median_ms for minute in history], slowest_ms),
            slow_line=line([minute.slow_ms for minute in history], slowest_ms),
            slow_ms_max=slowest_ms,
        )


class Traffic:
    """Counts answers; to be used by many threads.

    Args:
        clock: Seconds that only ever grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._started_s = clock()
        self._tallies: deque[_Tally] = deque(maxlen=MINUTES)

    @property
    def age_s(self) -> float:
        """Seconds since counting began."""
        return self._clock() - self._started_s

    def note(self, status: int, span_ms: float) -> None:
        """Count an answer.

        Args:
            status: Its HTTP status.
            span_ms: How long it took, in milliseconds.
        """
        number = self._minute()
        with self._lock:
            if not self._tallies or self._tallies[-1].number < number:
                self._tallies.append(_Tally(number, 0, 0, []))
            tally = self._tallies[-1]
            tally.requests += 1
            tally.errors += status >= _ERROR_FROM
            if len(tally.spans_ms) < _SPANS_MAX:
                tally.spans_ms.append(span_ms)

    def history(self) -> tuple[Minute, ...]:
        """Return the last hour, the oldest minute first; ``MINUTES`` of them.

        Examples:
            >>> traffic = Traffic(clock=lambda: 0.0)
            >>> traffic.note(200, 12.0)
            >>> traffic.history()[-1]
            Minute(requests=1, errors=0, median_ms=12.0, slow_ms=12.0)
        """
        now = self._minute()
        with self._lock:
            by_number = {tally.number: _minute(tally) for tally in self._tallies}
        quiet = Minute(0, 0, 0.0, 0.0)
        return tuple(by_number.get(number, quiet) for number in range(now - MINUTES + 1, now + 1))

    def _minute(self) -> int:
        return int(self._clock() // _MINUTE_S)


def _minute(tally: _Tally) -> Minute:
    spans_ms = sorted(tally.spans_ms)
    return Minute(tally.requests, tally.errors, _quantile(spans_ms, 0.5), _quantile(spans_ms, 0.95))


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0
