"""How much all originals together may weigh."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

from webapp.exceptions import QuotaError
from webapp.presentation.formatting import file_size

# Other processes add and delete, too, so what was measured is believed for so long.
_FRESH_S = 30.0


class Quota:
    """Keeps the originals below a number of bytes; to be used by many threads.

    Several processes on one database each look every half minute, so together they may exceed the
    quota by what they take in meanwhile.

    Args:
        bytes_max: What all originals may weigh together; 0 is without limit.
        measure: Says what they weigh now.
        clock: Seconds that only ever grow.
    """

    def __init__(
        self,
        bytes_max: int,
        measure: Callable[[], int],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._bytes_max = bytes_max
        self._measure = measure
        self._clock = clock
        self._lock = Lock()
        self._used = 0
        self._claimed = 0
        self._stale_s = clock()

    @contextmanager
    def claim(self, size: int) -> Iterator[None]:
        """Reserve room for a file that is kept inside of the block, or not at all.

        Args:
            size: What it weighs, in bytes.

        Raises:
            QuotaError: There is no room.
            StorageError: The database would not say what there is.
        """
        if not self._bytes_max:
            yield
            return
        self._reserve(size)
        try:
            yield
        except BaseException:
            self._settle(size, kept=False)
            raise
        self._settle(size, kept=True)

    def _reserve(self, size: int) -> None:
        with self._lock:
            # What was deleted meanwhile counts before anybody is turned away.
            if self._clock() >= self._stale_s or self._is_over(size):
                self._used = self._measure()
                self._stale_s = self._clock() + _FRESH_S
            if self._is_over(size):
                raise QuotaError(
                    f"All pictures together may take {file_size(self._bytes_max)} here, and there "
                    f"is no room for this one."
                )
            self._claimed += size

    def _settle(self, size: int, *, kept: bool) -> None:
        with self._lock:
            self._claimed -= size
            self._used += size if kept else 0

    def _is_over(self, size: int) -> bool:
        return self._used + self._claimed + size > self._bytes_max
