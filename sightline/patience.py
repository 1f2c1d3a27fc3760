"""Asking again while a server is away, for so long and no longer."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from sightline.exceptions import AwayError

R = TypeVar("R")

_PAUSE_FIRST_S, _PAUSE_MAX_S = 0.2, 2.0


class Patience:
    """What all questions of a run have left of it.

    A question that finds the server away is asked again until ``wait_s`` are over. If that was in
    vain, the questions after it are asked once each, until one is answered. So a server that is
    gone for good does not hold up ten thousand pictures for as long each.

    Args:
        wait_s: How long to ask again, seconds.
        clock: Seconds.
        pause: Waits for some seconds, and says whether the run has been stopped meanwhile.
    """

    def __init__(
        self,
        wait_s: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], bool] | None = None,
    ) -> None:
        self._wait_s = wait_s
        self._clock = clock
        self._stopped = threading.Event()
        self._pause = pause or self._stopped.wait
        self._is_over = False

    def stop(self) -> None:
        """End all waiting: nobody wants the answers any more."""
        self._stopped.set()

    def ask(self, question: Callable[[], R]) -> R:
        """Return the answer to a question.

        Args:
            question: Raises :class:`AwayError` where it is worth asking again.

        Raises:
            AwayError: The server stayed away.
        """
        deadline = self._clock() + self._wait_s
        pause_s = _PAUSE_FIRST_S
        while True:
            try:
                answer = question()
            except AwayError as error:
                wanted_s = max(pause_s, error.pause_s)
                if self._is_over or self._clock() + wanted_s > deadline:
                    self._is_over = True
                    raise
                if self._pause(wanted_s):
                    raise
                pause_s = min(2 * pause_s, _PAUSE_MAX_S)
            else:
                self._is_over = False
                return answer
