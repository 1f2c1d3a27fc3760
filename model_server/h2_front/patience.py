"""How much talk that leads nowhere is borne with: floods of frames that cost the sender little."""

import time
from collections.abc import Callable

from http2.frames import ErrorCode, H2Error

_MOST = 2000.0
_PER_S = 200.0


class Patience:
    """A store of patience, which time and finished calls fill up, and idle talk empties.

    Args:
        clock: Tells the time in seconds.

    Example:
        >>> patience = Patience(clock=lambda: 0.0)
        >>> for _ in range(2000):
        ...     patience.lose(1)
        >>> patience.lose(1)
        Traceback (most recent call last):
        http2.frames.H2Error: too many frames that lead nowhere
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._left = _MOST
        self._seen_s = clock()

    def lose(self, cost: float) -> None:
        """Note a frame that leads nowhere.

        Raises:
            H2Error: There have been too many of them.
        """
        self._left -= cost
        if self._left >= 0:
            return
        now_s = self._clock()
        self.gain((now_s - self._seen_s) * _PER_S)
        self._seen_s = now_s
        if self._left < 0:
            raise H2Error(ErrorCode.ENHANCE_YOUR_CALM, "too many frames that lead nowhere")

    def gain(self, amount: float) -> None:
        """Note something that leads somewhere."""
        self._left = min(self._left + amount, _MOST)
