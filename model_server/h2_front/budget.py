"""The memory that all connections share."""

import threading


class Budget:
    """So many bytes, for whoever needs them.

    Args:
        bytes_max: How many may be taken at once. One taker alone may have more.
    """

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._taken = 0
        self._lock = threading.Lock()

    @property
    def taken(self) -> int:
        """How many bytes are taken."""
        return self._taken

    def take(self, bytes_: int, own: int = 0) -> bool:
        """Take some bytes, if they are there; whoever asks has `own` of them already."""
        with self._lock:
            taken = self._taken + bytes_
            if taken > self._bytes_max and self._taken > own:
                return False
            self._taken = taken
            return True

    def give_back(self, bytes_: int) -> None:
        """Give bytes back."""
        with self._lock:
            self._taken -= bytes_
