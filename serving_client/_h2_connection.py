"""One connection of HTTP/2, for one call at a time."""

import time

from http2.frames import (
    PREFACE,
    WINDOW_DEFAULT,
    WINDOW_MAX,
    Flag,
    FrameType,
    H2Error,
    Setting,
    frame_header,
    header_frames,
    settings,
    window_update,
)
from http2.headers import BLOCK_BYTES_MAX
from serving_client._deadline import Deadline
from serving_client._h2_answer import PREFIX, Answer
from serving_client._h2_listener import FRAME_BYTES_MAX, Listener
from serving_client._h2_outbox import Outbox
from serving_client._h2_reader import FrameReader
from serving_client._h2_wire import Wire

__all__ = ["H2Connection"]

_IDLE_MAX_S = 30.0  # servers and balancers hang up on connections that are idle for a minute or so
_JUST_NOW_S = 0.005  # what happens in so short a time could as well happen after a look
_REST_OF_FRAME_S = 1.0
_STREAM_MAX = 2**31 - 1

_HELLO = (
    PREFACE
    + settings(
        {
            Setting.HEADER_TABLE_SIZE: 0,
            Setting.ENABLE_PUSH: 0,
            Setting.INITIAL_WINDOW_SIZE: WINDOW_MAX,
            Setting.MAX_FRAME_SIZE: FRAME_BYTES_MAX,
            Setting.MAX_HEADER_LIST_SIZE: BLOCK_BYTES_MAX,
        }
    )
    + window_update(0, WINDOW_MAX - WINDOW_DEFAULT)
)
"""What is said first: it opens windows so wide that they hardly ever have to be opened again.

What the server may send is bounded by the size of messages, which is looked at before there is
room for them, and by TCP.
"""


class H2Connection:
    """A connection to a server.

    Args:
        wire: carries the bytes.
        deadline: of the first call.
    """

    def __init__(self, wire: Wire, deadline: Deadline) -> None:
        self._wire = wire
        self._reader = FrameReader(wire, deadline)
        self._outbox = Outbox(wire, _HELLO)
        self._listener = Listener(self._reader, self._outbox)
        self._is_over = True
        self._idle_since = time.monotonic()

    @property
    def is_open(self) -> bool:
        """Whether another call can be made, as far as is known."""
        listener = self._listener
        is_ready = self._is_over and not (self._outbox.is_deaf or listener.is_in_block)
        return is_ready and not listener.is_leaving and listener.stream < _STREAM_MAX - 2

    @property
    def is_fresh(self) -> bool:
        """Whether it has not been idle for too long."""
        return time.monotonic() - self._idle_since < _IDLE_MAX_S

    @property
    def is_usable(self) -> bool:
        """Whether it is open, fresh, and the server has not hung up since."""
        idle_s = time.monotonic() - self._idle_since
        if idle_s < _JUST_NOW_S:
            return self.is_open
        if idle_s > _IDLE_MAX_S:
            return False
        try:
            self._reader.look()
            if self._reader.has_header:
                self._reader.deadline = Deadline(_REST_OF_FRAME_S)
                self._take_frames()
        except (OSError, H2Error):
            return False
        return self.is_open

    def call(self, headers: bytes, message: bytes, deadline: Deadline, bytes_max: int) -> Answer:
        """Makes one call.

        Args:
            headers: their block.
            message: the request.
            deadline: when to stop waiting.
            bytes_max: how large the answer may be.

        Returns:
            A complete answer, which may be an error.

        Raises:
            TransportError: the answer makes no sense to gRPC, or is too large.
            UnprocessedError: the server did nothing about the call.
            OSError: the server hung up; `TimeoutError` if the time is over.
            H2Error: it breaks the rules of HTTP/2, or does not speak it.
        """
        self._is_over = False
        self._reader.deadline = deadline
        answer = Answer(bytes_max)
        stream = self._listener.begin(answer)
        try:
            is_sent = self._sent(stream, headers, message)
            while not answer.is_complete:
                self._listener.take_frame()
                if not self._outbox.is_empty:
                    self._outbox.send_some()
        except H2Error as error:
            self._outbox.say_goodbye(error.code)
            raise
        self._idle_since = time.monotonic()
        self._is_over = is_sent
        return answer

    def abort(self) -> None:
        """Ends the call under way, of another thread."""
        self._wire.shut_down()

    def close(self) -> None:
        """Frees the socket."""
        self._wire.close()

    def _sent(self, stream: int, headers: bytes, message: bytes) -> bool:
        """Sends a request.

        Returns:
            False if the answer came too soon: the server does not want the rest.
        """
        head = header_frames(headers, stream, self._listener.frame_bytes_max)
        prefix = PREFIX.pack(0, len(message))
        size = len(prefix) + len(message)
        if size <= self._room:  # as nearly always, if it is small
            self._outbox.add(head + self._data_header(size, size) + prefix, message)
        else:
            self._outbox.add(head)
            if not self._sent_parts(prefix, message):
                return False
        return self._flushed()

    @property
    def _room(self) -> int:
        """How much a frame may hold now; 0 or less if the server has room for nothing."""
        listener = self._listener
        return min(listener.frame_bytes_max, listener.window, listener.stream_window)

    def _data_header(self, length: int, rest: int) -> bytes:
        """What stands before the next part of the request, for which there is room."""
        self._listener.window -= length
        self._listener.stream_window -= length
        flags = Flag.END_STREAM if length == rest else 0
        return frame_header(length, FrameType.DATA, flags, self._listener.stream)

    def _sent_parts(self, prefix: bytes, message: bytes) -> bool:
        """Sends a request that takes more than one frame, as the server has room for it."""
        view = memoryview(message)
        rest = len(prefix) + len(view)
        while rest:
            least = len(prefix) or 1
            if self._room >= least:
                length = min(rest, self._room)
                part = length - len(prefix)
                self._outbox.add(self._data_header(length, rest) + prefix, view[:part])
                view, prefix, rest = view[part:], b"", rest - length
            # There may be room by now: then there is nothing to wait for.
            elif self._flushed() and self._room < least:
                self._listener.take_frame()
            if self._listener.answer.is_complete:
                return False
        return True

    def _flushed(self) -> bool:
        """Sends all that waits to be sent; what the server says meanwhile is heard."""
        while not self._outbox.send_some():
            if self._wire.wait(self._reader.deadline):
                self._reader.look()
                self._take_frames()
            if self._listener.answer.is_complete:
                return False
        return True

    def _take_frames(self) -> None:
        while self._reader.has_header:
            self._listener.take_frame()
