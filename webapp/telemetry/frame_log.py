"""Frames of live pictures in the log: one line for many."""

import logging
import time
from collections import Counter
from collections.abc import Callable
from statistics import median
from threading import Lock

from webapp.presentation.formatting import counted

_EVERY_S = 60.0
_log = logging.getLogger("webapp.frames")


class FrameLog:
    """Sums up what became of frames, and says it in the log once a minute while there are any.

    What has come since the last line is said with the first frame after that minute, or at the end.

    Args:
        every_s: How many seconds one line is about, at least.
        clock: Seconds that only ever grow.
    """

    def __init__(
        self, *, every_s: float = _EVERY_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._every_s = every_s
        self._clock = clock
        self._lock = Lock()
        self._since_s = self._last_s = clock()
        self._statuses: Counter[int] = Counter()
        self._spans_ms: list[float] = []

    def note(self, status: int, span_ms: float) -> None:
        """Count a frame.

        Args:
            status: HTTP status of its answer.
            span_ms: How long that took.
        """
        with self._lock:
            now = self._clock()
            if self._statuses and now - self._since_s >= self._every_s:
                self._write()
            if not self._statuses:
                self._since_s = now
            self._last_s = now
            self._statuses[status] += 1
            self._spans_ms.append(span_ms)

    def close(self) -> None:
        """Say what was not said yet."""
        with self._lock:
            if self._statuses:
                self._write()

    def _write(self) -> None:
        answers = ", ".join(
            f"{count} with {code}" for code, count in sorted(self._statuses.items())
        )
        _log.info(
            "%s in %.0f s: %s; median %.1f ms",
            counted(self._statuses.total(), "frame"),
            self._last_s - self._since_s,
            answers,
            median(self._spans_ms),
        )
        self._statuses.clear()
        self._spans_ms.clear()
