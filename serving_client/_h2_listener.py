"""What a server says over one connection, and what follows from it."""

from collections.abc import Callable, Mapping
from typing import ClassVar

from http2.blocks import IncomingBlock
from http2.frames import (
    FRAME_BYTES_MIN_MAX,
    WINDOW_DEFAULT,
    WINDOW_MAX,
    ErrorCode,
    Flag,
    FrameType,
    H2Error,
    Setting,
    error_name,
    frame,
    read_goaway,
    read_number,
    read_settings,
    widened,
    window_update,
)
from http2.headers import BLOCK_BYTES_MAX, decode_headers
from serving_client._h2_answer import Answer, UnprocessedError
from serving_client._h2_outbox import Outbox
from serving_client._h2_reader import FrameReader

__all__ = ["FRAME_BYTES_MAX", "Listener"]

FRAME_BYTES_MAX = 1 << 20
"""How much a frame of the server's may hold."""

_CONTROL_BYTES_MAX = BLOCK_BYTES_MAX + 512  # padding included
_REPLENISHED_BYTES = 1 << 30
_PING_BYTES = 8
_HTTP_1, _TLS_ALERT = b"HTTP/1.", b"\x15\x03"
_SETTINGS_ACK = frame(FrameType.SETTINGS, b"", Flag.ACK)
_ACK, _END_STREAM = int(Flag.ACK), int(Flag.END_STREAM)


class Listener:
    """Takes in frames, and gives replies where the server wants them.

    Args:
        reader: where the frames come from.
        outbox: where replies go.

    Attributes:
        stream: the number of the call under way, or of the last one.
        answer: to that call.
        is_leaving: whether the server takes on no more calls.
        frame_bytes_max: how much a frame to the server may hold.
        window: how much it has room for, bytes.
        stream_window: how much of the request of the call under way, bytes.
    """

    def __init__(self, reader: FrameReader, outbox: Outbox) -> None:
        self.stream = -1
        self.answer = Answer(0)
        self.is_leaving = False
        self.frame_bytes_max = FRAME_BYTES_MIN_MAX
        self.window = self.stream_window = self._window_initial = WINDOW_DEFAULT
        self._reader = reader
        self._outbox = outbox
        self._is_greeted = False
        self._received = self._stream_received = 0
        self._block = IncomingBlock()

    def begin(self, answer: Answer) -> int:
        """Begins another call, and returns its number."""
        self.stream += 2
        self.stream_window = self._window_initial
        self._stream_received = 0
        self.answer = answer
        return self.stream

    @property
    def is_in_block(self) -> bool:
        """Whether headers have begun that have not ended yet."""
        return bool(self._block.stream)

    def take_frame(self) -> None:
        """Takes in the next frame.

        Raises:
            TransportError: the call under way has failed.
            UnprocessedError: the server does nothing about it.
            OSError: the server hung up; `TimeoutError` if the time is over.
            H2Error: it breaks the rules of HTTP/2, or does not speak it.
        """
        length, kind, flags, stream = self._reader.header()
        if not self._is_greeted:
            self._check_greeting(length, kind, flags)
        if length > FRAME_BYTES_MAX:
            raise H2Error(ErrorCode.FRAME_SIZE_ERROR, f"a frame of {length} bytes")
        if self._block.stream and kind != FrameType.CONTINUATION:
            raise H2Error(ErrorCode.PROTOCOL_ERROR, "headers that are not continued")
        if kind == FrameType.DATA:
            self._take_data(length, flags, stream)
            return
        take = self._TAKE.get(kind)
        if take is None:
            self._reader.skip(length)
            return
        if length > _CONTROL_BYTES_MAX:
            raise H2Error(ErrorCode.ENHANCE_YOUR_CALM, f"headers or the like of {length} bytes")
        take(self, self._reader.payload(length), flags, stream)

    def _check_greeting(self, length: int, kind: int, flags: int) -> None:
        if kind == FrameType.SETTINGS and not flags & _ACK and length <= _CONTROL_BYTES_MAX:
            self._is_greeted = True
            return
        what = "something else"
        if self._reader.begins_with(_HTTP_1):
            what = "HTTP/1; is this the server's REST port?"
        elif self._reader.begins_with(_TLS_ALERT):
            what = "TLS; is the address to begin with h2s://?"
        raise H2Error(ErrorCode.PROTOCOL_ERROR, f"the server does not speak HTTP/2 but {what}")

    def _is_current(self, stream: int) -> bool:
        """Whether a frame belongs to the call under way, and not to one before."""
        if stream > self.stream or not stream % 2:
            raise H2Error(ErrorCode.PROTOCOL_ERROR, f"a frame of stream {stream}, which is none")
        return stream == self.stream and not self.answer.is_complete

    def _take_data(self, length: int, flags: int, stream: int) -> None:
        self._give_back(length, stream)
        padding = 0
        if flags & Flag.PADDED:
            padding = self._reader.payload(1)[0] if length else 0
            length -= 1 + padding
            if length < 0:
                raise H2Error(ErrorCode.PROTOCOL_ERROR, "a frame of data is all padding, and more")
        if self._is_current(stream):
            self.answer.take_data(self._reader, length)
            if flags & _END_STREAM:
                self.answer.end()
        else:
            self._reader.skip(length)
        if padding:
            self._reader.skip(padding)

    def _give_back(self, length: int, stream: int) -> None:
        """Opens the windows again, once half of them has been used."""
        self._received += length
        if self._received >= _REPLENISHED_BYTES:
            self._outbox.reply(window_update(0, self._received))
            self._received = 0
        if stream == self.stream:
            self._stream_received += length
            if self._stream_received >= _REPLENISHED_BYTES:
                self._outbox.reply(window_update(stream, self._stream_received))
                self._stream_received = 0

    def _take_headers(self, payload: bytes, flags: int, stream: int) -> None:
        block = self._block.begin(payload, flags, stream)
        if block is not None:
            self._take_block(block, stream)

    def _take_continuation(self, payload: bytes, flags: int, stream: int) -> None:
        block = self._block.go_on(payload, flags, stream)
        if block is not None:
            self._take_block(block, stream)

    def _take_block(self, block: bytes, stream: int) -> None:
        if self._is_current(stream):
            self.answer.take_headers(decode_headers(block), is_last=self._block.is_last)

    def _take_reset(self, payload: bytes, _: int, stream: int) -> None:
        code = read_number(payload)
        if self._is_current(stream):
            self.answer.reset(code)

    def _take_settings(self, payload: bytes, flags: int, _: int) -> None:
        if flags & _ACK:
            return
        for name, value in read_settings(payload):
            if name == Setting.INITIAL_WINDOW_SIZE:
                self.stream_window = widened(self.stream_window, value - self._window_initial)
                self._window_initial = value
            elif name == Setting.MAX_FRAME_SIZE:
                self.frame_bytes_max = value
        self._outbox.reply(_SETTINGS_ACK)

    def _take_ping(self, payload: bytes, flags: int, _: int) -> None:
        if len(payload) != _PING_BYTES:
            raise H2Error(ErrorCode.FRAME_SIZE_ERROR, f"PING of {len(payload)} bytes")
        if not flags & _ACK:
            self._outbox.reply(frame(FrameType.PING, payload, Flag.ACK))

    def _take_goaway(self, payload: bytes, _: int, __: int) -> None:
        last, code, words = read_goaway(payload)
        self.is_leaving = True
        if last < self.stream and not self.answer.is_complete:
            raise UnprocessedError(f"the server goes away: {error_name(code)} {words}".rstrip())

    def _take_window_update(self, payload: bytes, _: int, stream: int) -> None:
        more = read_number(payload) & WINDOW_MAX
        if not more:
            raise H2Error(ErrorCode.PROTOCOL_ERROR, "a window is opened by nothing")
        if not stream:
            self.window = widened(self.window, more)
        elif stream == self.stream:
            self.stream_window = widened(self.stream_window, more)

    def _take_promise(self, _: bytes, __: int, ___: int) -> None:
        raise H2Error(ErrorCode.PROTOCOL_ERROR, "the server sends what nobody asked for")

    _TAKE: ClassVar[Mapping[int, Callable[["Listener", bytes, int, int], None]]] = {
        FrameType.HEADERS: _take_headers,
        FrameType.RST_STREAM: _take_reset,
        FrameType.SETTINGS: _take_settings,
        FrameType.PUSH_PROMISE: _take_promise,
        FrameType.PING: _take_ping,
        FrameType.GOAWAY: _take_goaway,
        FrameType.WINDOW_UPDATE: _take_window_update,
        FrameType.CONTINUATION: _take_continuation,
    }
