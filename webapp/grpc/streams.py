"""The streams that are open: so many at most, and all of them ended when the server stops."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Protocol

from webapp.grpc.exceptions import StoppingError, TooManyStreamsError


class Endable(Protocol):
    """What takes no more once it is told."""

    def finish(self, error: Exception | None = None) -> None:
        """Take no more, and end with the error."""


class OpenStreams:
    """Counts streams, each of which holds a thread.

    Args:
        streams_max: How many there may be.
    """

    def __init__(self, streams_max: int) -> None:
        self._streams_max = streams_max
        self._lock = Lock()
        self._open: set[Endable] = set()
        self._is_draining = False

    @property
    def count(self) -> int:
        """How many are open."""
        return len(self._open)

    @contextmanager
    def place(self, stream: Endable) -> Iterator[None]:
        """Hold a place for a stream inside of the block.

        Raises:
            TooManyStreamsError: All are taken.
            StoppingError: The server is about to stop.
        """
        with self._lock:
            if self._is_draining:
                raise StoppingError
            if len(self._open) >= self._streams_max:
                raise TooManyStreamsError
            self._open.add(stream)
        try:
            yield
        finally:
            with self._lock:
                self._open.discard(stream)

    def drain(self) -> None:
        """Let no more in, and have the open ones answer what they took and end."""
        with self._lock:
            self._is_draining = True
            open_now = tuple(self._open)
        for stream in open_now:
            stream.finish(StoppingError())
