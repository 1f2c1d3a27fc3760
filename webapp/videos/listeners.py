"""Who is told of progress as it happens: so many, for each of them takes a thread."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore, Event


class Listeners:
    """The places for connections that stay open.

    Args:
        places: How many there are; 0 is none.
    """

    def __init__(self, places: int) -> None:
        self._places = BoundedSemaphore(places) if places else None
        self._stopping = Event()

    @contextmanager
    def place(self) -> Iterator[bool]:
        """Take a place for as long as the block lasts, and tell whether there was one."""
        has_place = self._places is not None and self._places.acquire(blocking=False)
        try:
            yield has_place
        finally:
            if self._places is not None and has_place:
                self._places.release()

    def wait(self, timeout_s: float) -> bool:
        """Wait a while, and tell whether all is to end now."""
        return self._stopping.wait(timeout_s)

    def stop(self) -> None:
        """End all that listen; from any thread or a signal handler, and more than once."""
        self._stopping.set()
