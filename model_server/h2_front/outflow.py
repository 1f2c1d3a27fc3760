"""Answers on their way out, as far as the client has room for them."""

from collections import deque

from http2.frames import (
    FRAME_BYTES_MIN_MAX,
    WINDOW_DEFAULT,
    Flag,
    FrameType,
    frame_header,
    widened,
)

Part = bytes | memoryview

_HEAD_FLAGS = int(Flag.END_HEADERS)
_TRAILER_FLAGS = int(Flag.END_HEADERS | Flag.END_STREAM)


class Outflow:
    """What is to be sent over one stream.

    Args:
        stream: Its number.
        window: How many bytes of messages its client has room for.

    Attributes:
        waiting_bytes: How much of messages has not been sent yet.
        is_ended: Whether the last headers were sent.
        trailers: The last headers, once they are known.
    """

    def __init__(self, stream: int, window: int) -> None:
        self.stream = stream
        self.window = window
        self.waiting_bytes = 0
        self.is_ended = False
        self.trailers: bytes | None = None
        self._waiting: deque[Part] = deque()

    @property
    def is_blocked(self) -> bool:
        """Whether something waits for room."""
        return bool(self._waiting)

    @property
    def is_ending(self) -> bool:
        """Whether nothing may be added any more."""
        return self.trailers is not None

    def add(self, *parts: Part) -> None:
        """Add a message, in parts."""
        for part in parts:
            if part:
                self._waiting.append(part)
                self.waiting_bytes += len(part)

    def end(self, trailers: bytes) -> None:
        """Add the headers at the end."""
        self.trailers = trailers

    def take(self, length: int) -> list[Part]:
        """Take out so many bytes, for which there is room."""
        taken: list[Part] = []
        self.window -= length
        self.waiting_bytes -= length
        while length:
            part = self._waiting.popleft()
            if len(part) > length:
                part = memoryview(part)
                self._waiting.appendleft(part[length:])
                part = part[:length]
            taken.append(part)
            length -= len(part)
        return taken

    def widen(self, more: int) -> None:
        """Note that the client has more room, or less.

        Raises:
            H2Error: It says that it has more than there is.
        """
        self.window = widened(self.window, more)


class Sluice:
    """Lets the answers of one connection out.

    Attributes:
        frame_bytes_max: How much a frame may hold.
        window: How many bytes of messages the client has room for, over all streams.
        out: The frames that can be sent now.
    """

    def __init__(self) -> None:
        self.frame_bytes_max = FRAME_BYTES_MIN_MAX
        self.window = WINDOW_DEFAULT
        self.out: list[Part] = []

    def widen(self, more: int) -> None:
        """Note that the client has more room over all.

        Raises:
            H2Error: It says that it has more than there is.
        """
        self.window = widened(self.window, more)

    def headers(self, stream: int, block: bytes, *, is_last: bool = False) -> None:
        """Send headers, which have no windows."""
        flags = _TRAILER_FLAGS if is_last else _HEAD_FLAGS
        self.out.append(frame_header(len(block), FrameType.HEADERS, flags, stream) + block)

    def let_out(self, flow: Outflow) -> None:
        """Send what there is room for."""
        while flow.is_blocked:
            length = min(self.window, flow.window, self.frame_bytes_max, flow.waiting_bytes)
            if length <= 0:
                return
            self.out.append(frame_header(length, FrameType.DATA, 0, flow.stream))
            self.window -= length
            self.out += flow.take(length)
        if flow.trailers is not None:
            self.headers(flow.stream, flow.trailers, is_last=True)
            flow.is_ended = True
