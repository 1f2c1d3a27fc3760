"""What waits to be sent over a connection."""

from contextlib import suppress

from http2.frames import ErrorCode, FrameType, H2Error, frame
from serving_client._h2_wire import Part, Wire

__all__ = ["Outbox"]

_REPLIES_MAX = 1000


class Outbox:
    """Pieces of frames, in their order.

    Args:
        wire: where they go.
        first: what is sent before everything else.

    Attributes:
        is_deaf: whether the server hears nothing any more.
    """

    def __init__(self, wire: Wire, first: bytes) -> None:
        self.is_deaf = False
        self._wire = wire
        self._parts: list[Part] = [first]
        self._replies = 0

    @property
    def is_empty(self) -> bool:
        """Whether all was sent."""
        return not self._parts

    def add(self, *parts: Part) -> None:
        """Adds a frame."""
        self._parts += parts

    def reply(self, reply: bytes) -> None:
        """Adds a frame that the server asked for.

        Raises:
            H2Error: it asks for more and more, and takes in nothing.
        """
        self._replies += 1
        if self._replies > _REPLIES_MAX:
            raise H2Error(ErrorCode.ENHANCE_YOUR_CALM, "the server wants replies, and reads none")
        self._parts.append(reply)

    def send_some(self) -> bool:
        """Sends what can be sent without waiting, and says whether that is all.

        A server that refuses a request may answer, and hang up, without reading it. So a connection
        that takes nothing more may still have something to say.
        """
        try:
            sent = self._wire.send(self._parts)
        except (BrokenPipeError, ConnectionResetError):
            self.is_deaf = True
            self._parts.clear()
            return True
        done = 0
        for part in self._parts:
            if sent < len(part):
                break
            sent -= len(part)
            done += 1
        del self._parts[:done]
        if sent:
            self._parts[0] = memoryview(self._parts[0])[sent:]
        if not self._parts:
            self._replies = 0
        return not self._parts

    def say_goodbye(self, code: ErrorCode) -> None:
        """Tells the server why the connection ends, if it can be told at once."""
        if self._parts:  # it would stand in the middle of a frame
            return
        payload = bytes(4) + code.to_bytes(4, "big")
        with suppress(OSError):
            self._wire.send([frame(FrameType.GOAWAY, payload)])
