"""What is said over one connection, by the rules of RFC 9113."""

from collections.abc import Callable, Mapping
from typing import ClassVar

from http2.blocks import IncomingBlock
from http2.frames import (
    HEADER,
    PREFACE,
    WINDOW_MAX,
    ErrorCode,
    Flag,
    FrameType,
    H2Error,
    Setting,
    frame,
    read_goaway,
    read_number,
    read_settings,
    settings,
)
from http2.headers import BLOCK_BYTES_MAX, HeaderList, HeaderReader, list_size
from model_server.h2_front.data import FIRST_UPDATE, DataReader
from model_server.h2_front.headers import (
    LIST_BYTES_MAX,
    MalformedError,
    Metadata,
    check_trailers,
    http_head,
)
from model_server.h2_front.outflow import Sluice
from model_server.h2_front.patience import Patience
from model_server.h2_front.stream import WINDOW, Stream, Visit
from model_server.h2_front.streams import COST_OF_CALL, Streams
from model_server.status import Code, ServingError

FRAME_BYTES_MAX = 1 << 20
"""How much a frame may hold; only one of data may hold so much."""

_CONTROL_BYTES_MAX = 16 << 10
_STREAM_MAX = 2**31 - 1
_PING_BYTES, _PRIORITY_BYTES = 8, 5
_SETTINGS_ACK = frame(FrameType.SETTINGS, b"", Flag.ACK)
_ACK = int(Flag.ACK)

Begin = Callable[[Metadata, int], Visit]
"""Begins a call over a stream."""


class Session:
    """Takes in what a client says, and notes what it is to be told.

    Not safe for threads: its connection has a lock.

    Args:
        begin: Begins calls.
        streams_max: Calls at once.
        patience: What idle talk uses up.

    Attributes:
        sluice: What is to be sent.
        streams: The calls under way.
        data: Their requests on the way in.
        is_leaving: Whether new calls are refused.
        is_greeted: Whether the client has begun as HTTP/2 has it.
    """

    def __init__(self, begin: Begin, streams_max: int, patience: Patience) -> None:
        self.sluice = Sluice()
        self.streams = Streams(self.sluice, patience)
        self.data = DataReader(self.streams, self.sluice, patience)
        self.is_leaving = False
        self.is_greeted = False
        self._begin = begin
        self._streams_max = streams_max
        self._patience = patience
        self._reader = HeaderReader()
        self._has_preface = False
        self._block = IncomingBlock()
        self.sluice.out.append(
            settings(
                {
                    Setting.MAX_CONCURRENT_STREAMS: streams_max,
                    Setting.INITIAL_WINDOW_SIZE: WINDOW,
                    Setting.MAX_FRAME_SIZE: FRAME_BYTES_MAX,
                    Setting.MAX_HEADER_LIST_SIZE: LIST_BYTES_MAX,
                }
            )
            + FIRST_UPDATE
        )

    def take(self, view: memoryview) -> int:
        """Take in what the client says, and return how many bytes of it were understood.

        The others are the beginning of something, of which more is to come.

        Raises:
            H2Error: It breaks the rules.
        """
        position = 0
        if not self._has_preface:
            position = self._take_preface(view)
            if not position:
                return 0
        while True:
            position += self.data.take(view[position:])
            taken = self._take_frame(view[position:])
            if not taken:
                return position
            position += taken

    def _take_preface(self, view: memoryview) -> int:
        length = min(len(view), len(PREFACE))
        if view[:length] != PREFACE[:length]:
            raise H2Error(ErrorCode.PROTOCOL_ERROR, "the client does not speak HTTP/2")
        self._has_preface = length == len(PREFACE)
        return length if self._has_preface else 0

    def _take_frame(self, view: memoryview) -> int:
        """Take in a frame, or the beginning of one that holds data; 0 if it is not there yet."""
        if self.data.is_in_frame or len(view) < HEADER.size:
            return 0
        high, low, kind, flags, number = HEADER.unpack_from(view)
        length: int = high << 16 | low
        stream: int = number & _STREAM_MAX
        self._check_place(length, kind, flags)
        if kind == FrameType.DATA:
            return self.data.begin(view, length, flags, stream)
        take = self._TAKE.get(kind)
        if take is None and length > _CONTROL_BYTES_MAX:
            self._patience.lose(1)
            self.data.skip(length)
            return HEADER.size
        if length > (BLOCK_BYTES_MAX if kind in _OF_BLOCKS else _CONTROL_BYTES_MAX):
            raise H2Error(ErrorCode.FRAME_SIZE_ERROR, f"a frame of type {kind} of {length} bytes")
        end = HEADER.size + length
        if len(view) < end:
            return 0
        self._patience.lose(1)
        if take is not None:
            take(self, bytes(view[HEADER.size : end]), flags, stream)
        return end

    def _check_place(self, length: int, kind: int, flags: int) -> None:
        if not self.is_greeted:
            if kind != FrameType.SETTINGS or flags & _ACK:
                raise H2Error(ErrorCode.PROTOCOL_ERROR, "the client does not begin with SETTINGS")
            self.is_greeted = True
        if length > FRAME_BYTES_MAX:
            raise H2Error(ErrorCode.FRAME_SIZE_ERROR, f"a frame of {length} bytes")
        if self._block.stream and kind != FrameType.CONTINUATION:
            raise H2Error(ErrorCode.PROTOCOL_ERROR, "headers that are not continued")

    def _take_headers(self, payload: bytes, flags: int, stream: int) -> None:
        block = self._block.begin(payload, flags, stream)
        if block is not None:
            self._take_block(block, stream)

    def _take_continuation(self, payload: bytes, flags: int, stream: int) -> None:
        block = self._block.go_on(payload, flags, stream)
        if block is not None:
            self._take_block(block, stream)

    def _take_block(self, block: bytes, number: int) -> None:
        fields, is_last = self._reader.read(block), self._block.is_last
        if number > self.streams.last:
            self.streams.last = number
            self._begin_stream(number, fields, is_last=is_last)
        elif stream := self.streams.find(number):
            self._take_trailers(stream, fields, is_last=is_last)
        elif not self.streams.was_cut_short(number):
            raise H2Error(ErrorCode.STREAM_CLOSED, f"headers of stream {number}, which has ended")

    def _begin_stream(self, number: int, fields: HeaderList, *, is_last: bool) -> None:
        if self.is_leaving or len(self.streams) >= self._streams_max:
            self._patience.lose(COST_OF_CALL)
            self.streams.reset(number, ErrorCode.REFUSED_STREAM)
            return
        try:
            metadata = Metadata.read(fields)
        except MalformedError:
            self._patience.lose(COST_OF_CALL)
            self.streams.reset(number, ErrorCode.PROTOCOL_ERROR)
            return
        if status := metadata.http_status:
            self._patience.lose(COST_OF_CALL)
            self.sluice.headers(number, http_head(status), is_last=True)
            if not is_last:
                self.streams.reset(number, ErrorCode.NO_ERROR)
            return
        visit = self._begin(metadata, number)
        stream = self.streams.begin(visit)
        if list_size(fields) > LIST_BYTES_MAX:
            visit.refusal = ServingError(
                Code.RESOURCE_EXHAUSTED, f"The metadata count more than {LIST_BYTES_MAX} bytes"
            )
        if visit.refusal:
            self.streams.hand_over(stream)
        if is_last:
            self.streams.end_request(stream)

    def _take_trailers(self, stream: Stream, fields: HeaderList, *, is_last: bool) -> None:
        if stream.is_heard:
            raise H2Error(ErrorCode.STREAM_CLOSED, "headers after the end")
        try:
            check_trailers(fields, is_last=is_last)
        except MalformedError:
            self.streams.break_off(stream, ErrorCode.PROTOCOL_ERROR)
        else:
            self.streams.end_request(stream)

    def _take_reset(self, payload: bytes, _: int, number: int) -> None:
        read_number(payload)
        if stream := self.streams.find(number):
            self.streams.take_back(stream)

    def _take_settings(self, payload: bytes, flags: int, number: int) -> None:
        _check_whole(number)
        if flags & _ACK:
            if payload:
                raise H2Error(ErrorCode.FRAME_SIZE_ERROR, "SETTINGS that confirm, and say more")
            return
        values = dict(read_settings(payload))
        if values.get(Setting.ENABLE_PUSH, 0) > 1:
            raise H2Error(ErrorCode.PROTOCOL_ERROR, "ENABLE_PUSH is neither 0 nor 1")
        self.sluice.frame_bytes_max = values.get(
            Setting.MAX_FRAME_SIZE, self.sluice.frame_bytes_max
        )
        self.sluice.out.append(_SETTINGS_ACK)
        if Setting.INITIAL_WINDOW_SIZE in values:
            self.streams.widen_each(values[Setting.INITIAL_WINDOW_SIZE])

    def _take_ping(self, payload: bytes, flags: int, number: int) -> None:
        _check_whole(number)
        if len(payload) != _PING_BYTES:
            raise H2Error(ErrorCode.FRAME_SIZE_ERROR, f"PING of {len(payload)} bytes")
        if not flags & _ACK:
            self.sluice.out.append(frame(FrameType.PING, payload, Flag.ACK))

    def _take_goaway(self, payload: bytes, _: int, number: int) -> None:
        _check_whole(number)
        read_goaway(payload)  # the client begins no more calls, which is its own affair

    def _take_window_update(self, payload: bytes, _: int, number: int) -> None:
        more = read_number(payload) & WINDOW_MAX
        stream = self.streams.find(number) if number else None
        if number and stream is None:
            return
        if not more:
            raise H2Error(ErrorCode.PROTOCOL_ERROR, "a window is opened by nothing")
        if stream:
            self.streams.widen(stream, more)
        else:
            self.streams.widen_all(more)

    def _take_priority(self, payload: bytes, _: int, number: int) -> None:
        if not number:
            raise H2Error(ErrorCode.PROTOCOL_ERROR, "PRIORITY of no stream")
        if len(payload) != _PRIORITY_BYTES:
            raise H2Error(ErrorCode.FRAME_SIZE_ERROR, f"PRIORITY of {len(payload)} bytes")

    def _take_promise(self, _: bytes, __: int, ___: int) -> None:
        raise H2Error(ErrorCode.PROTOCOL_ERROR, "a client that promises answers")

    _TAKE: ClassVar[Mapping[int, Callable[["Session", bytes, int, int], None]]] = {
        FrameType.HEADERS: _take_headers,
        FrameType.PRIORITY: _take_priority,
        FrameType.RST_STREAM: _take_reset,
        FrameType.SETTINGS: _take_settings,
        FrameType.PUSH_PROMISE: _take_promise,
        FrameType.PING: _take_ping,
        FrameType.GOAWAY: _take_goaway,
        FrameType.WINDOW_UPDATE: _take_window_update,
        FrameType.CONTINUATION: _take_continuation,
    }

    def leave(self, *, is_final: bool) -> None:
        """Tell the client to begin no more calls here; in the end those that it begins are refused.

        The first time it is told so for the future, since calls may be on their way.
        """
        self.is_leaving = is_final
        self.sluice.out.append(goaway(self.streams.last if is_final else _STREAM_MAX))


_OF_BLOCKS = (FrameType.HEADERS, FrameType.CONTINUATION)


def goaway(last: int, code: ErrorCode = ErrorCode.NO_ERROR, words: str = "") -> bytes:
    """Return the frame that says which stream is the last one that is answered, and why."""
    payload = last.to_bytes(4, "big") + code.to_bytes(4, "big") + words.encode()
    return frame(FrameType.GOAWAY, payload)


def _check_whole(number: int) -> None:
    if number:
        raise H2Error(
            ErrorCode.PROTOCOL_ERROR, f"stream {number} for what is about the connection as a whole"
        )
