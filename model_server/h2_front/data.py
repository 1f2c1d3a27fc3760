"""Frames of data: requests on their way in, and the windows that they use."""

from typing import cast

from http2.frames import HEADER, WINDOW_DEFAULT, ErrorCode, Flag, H2Error, window_update
from model_server.h2_front.outflow import Sluice
from model_server.h2_front.patience import Patience
from model_server.h2_front.stream import WINDOW, Stream
from model_server.h2_front.streams import Streams
from model_server.status import ServingError

_CONNECTION_WINDOW = 16 << 20
_BYTES_MIN = 256  # a frame that holds less is idle talk, but for the last one
_END_STREAM, _PADDED = int(Flag.END_STREAM), int(Flag.PADDED)

FIRST_UPDATE = window_update(0, _CONNECTION_WINDOW - WINDOW_DEFAULT)
"""What a client is told at first, so that its window is as large as this side has it."""


class DataReader:
    """Takes data in, piece by piece as it comes.

    Args:
        streams: Where it belongs.
        sluice: Where clients are told that they have room again.
        patience: What idle talk uses up.
    """

    def __init__(self, streams: Streams, sluice: Sluice, patience: Patience) -> None:
        self._streams = streams
        self._sluice = sluice
        self._patience = patience
        self._room = _CONNECTION_WINDOW
        self._unread = 0
        self._left = self._padding_left = 0
        self._stream: Stream | None = None
        self._ends = False

    @property
    def is_in_frame(self) -> bool:
        """Whether a frame has begun that has not ended yet."""
        return bool(self._left or self._padding_left)

    @property
    def open_room(self) -> memoryview | None:
        """Where the next bytes can be put directly, to be told by `note`; `None` if nowhere."""
        if not self._left or self._stream is None:
            return None
        return self._stream.visit.inflow.open_room[: self._left] or None

    def note(self, count: int) -> None:
        """Note that bytes were put into `open_room`."""
        stream = cast("Stream", self._stream)
        self._left -= count
        stream.visit.inflow.note(count)
        self._go_on(stream)

    def begin(self, view: memoryview, length: int, flags: int, number: int) -> int:
        """Begin a frame.

        Args:
            view: The frame's header, and what follows it.
            length: Of the frame.
            flags: Of the frame.
            number: Of its stream.

        Returns:
            How many bytes were understood; 0 if more are needed for it.

        Raises:
            H2Error: It breaks the rules.
        """
        stream = self._streams.find(number)
        size, padding = HEADER.size, 0
        if flags & _PADDED:
            if length and len(view) == size:
                return 0
            padding = int(view[size]) + 1 if length else 1
            size += 1
        if padding > length:
            raise H2Error(ErrorCode.PROTOCOL_ERROR, "a frame of data is all padding, and more")
        if length < _BYTES_MIN and not flags & _END_STREAM:
            self._patience.lose(1)
        self._use_windows(stream, length)
        self._left, self._padding_left = length - padding, max(0, padding - 1)
        self._stream, self._ends = stream, bool(flags & _END_STREAM)
        if stream and stream.is_heard:
            self._streams.break_off(stream, ErrorCode.STREAM_CLOSED)
            self._stream = None
        elif stream and not self._left:
            self._go_on(stream)
        return size

    def skip(self, length: int) -> None:
        """Pass over the rest of a frame that is none of data."""
        self._padding_left = length

    def take(self, view: memoryview) -> int:
        """Take in data, and then padding, as much as is there; returns how much that was."""
        part = view[: self._left]
        self._left -= len(part)
        stream = self._stream
        if stream and part:
            try:
                if not stream.is_handed_over:
                    stream.visit.inflow.take(part)
            except ServingError as error:
                self._streams.refuse(stream, error)
            self._go_on(stream)
        skipped = min(self._padding_left, len(view) - len(part))
        self._padding_left -= skipped
        return len(part) + skipped

    def _go_on(self, stream: Stream) -> None:
        if stream.visit.inflow.is_complete:
            self._streams.hand_over(stream)
        if self._left:
            return
        self._stream = None
        if self._ends:
            self._streams.end_request(stream)

    def _use_windows(self, stream: Stream | None, length: int) -> None:
        """Note that a client used its room, and open the windows again in good time."""
        self._room -= length
        if self._room < 0 or (stream and stream.room < length):
            raise H2Error(ErrorCode.FLOW_CONTROL_ERROR, "more data than there is room for")
        self._unread += length
        if self._unread > _CONNECTION_WINDOW // 2:
            self._sluice.out.append(window_update(0, self._unread))
            self._room += self._unread
            self._unread = 0
        if stream is None:
            return
        stream.room -= length
        stream.unread += length
        if stream.unread > WINDOW // 2 and not stream.is_handed_over:
            self._sluice.out.append(window_update(stream.visit.stream, stream.unread))
            stream.room += stream.unread
            stream.unread = 0
