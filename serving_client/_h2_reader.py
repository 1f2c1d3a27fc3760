"""What a server says, a frame at a time.

Small frames come many in one piece, and are taken from a buffer; the bytes of a large message go
past it, to where the message is put together.
"""

from http2.frames import HEADER
from serving_client._deadline import Deadline
from serving_client._h2_wire import Wire

__all__ = ["FrameReader", "HungUpError"]

_BUFFER_BYTES = 65_536
_STREAM = 2**31 - 1


class HungUpError(ConnectionError):
    """The server ended the connection."""

    def __init__(self) -> None:
        super().__init__("the server hung up before its answer was complete")


class FrameReader:
    """Reads frames off a wire, and waits for them until a deadline.

    Args:
        wire: the connection.
        deadline: when to stop waiting; may be set anew.
    """

    def __init__(self, wire: Wire, deadline: Deadline) -> None:
        self.deadline = deadline
        self._wire = wire
        self._view = memoryview(bytearray(_BUFFER_BYTES))
        self._start = self._end = 0

    @property
    def has_header(self) -> bool:
        """Whether the header of a frame is there."""
        return self._end - self._start >= HEADER.size

    def header(self) -> tuple[int, int, int, int]:
        """The length of the next frame, its type, its flags and its stream.

        Raises:
            HungUpError: there is none.
            TimeoutError: none came in time.
        """
        while self._end - self._start < HEADER.size:
            self._fill()
        high, low, kind, flags, stream = HEADER.unpack_from(self._view, self._start)
        self._start += HEADER.size
        return high << 16 | low, kind, flags, stream & _STREAM

    def begins_with(self, words: bytes) -> bool:
        """Whether what was read last, and what comes next, begin with some words."""
        first = self._start - HEADER.size
        return bytes(self._view[first : first + len(words)]) == words

    def payload(self, length: int) -> bytes:
        """So many bytes of a frame; errors are those of `header`."""
        start, end = self._start, self._start + length
        if end <= self._end:
            self._start = end
            return bytes(self._view[start:end])
        payload = bytearray(length)
        self.into(memoryview(payload))
        return bytes(payload)

    def into(self, view: memoryview) -> None:
        """Puts bytes of a frame where they belong, as many as have room there."""
        filled = min(self._end - self._start, len(view))
        view[:filled] = self._view[self._start : self._start + filled]
        self._start += filled
        while filled < len(view):
            filled += self._received(view[filled:])

    def skip(self, length: int) -> None:
        """Passes over bytes of a frame."""
        while length > self._end - self._start:
            length -= self._end - self._start
            self._start = self._end
            self._fill()
        self._start += length

    def look(self) -> None:
        """Takes in what has come, without waiting.

        Raises:
            HungUpError: there is nothing, and never will be.
        """
        self._make_room()
        count = self._wire.receive_now(self._view[self._end :])
        if count == 0:
            raise HungUpError
        self._end += count or 0

    def _fill(self) -> None:
        self._make_room()
        self._end += self._received(self._view[self._end :])

    def _make_room(self) -> None:
        """Moves the beginning of a header, or nothing, to the front."""
        rest = self._end - self._start
        if self._start:
            self._view[:rest] = self._view[self._start : self._end]
            self._start, self._end = 0, rest

    def _received(self, view: memoryview) -> int:
        count = self._wire.receive(view, self.deadline)
        if not count:
            raise HungUpError
        return count
