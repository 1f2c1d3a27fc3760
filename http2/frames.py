"""Frames of HTTP/2 to bytes, and back.

RFC 9113 is the source of every number and rule here. Nothing waits, and nothing is remembered.
"""

import struct
from collections.abc import Iterator
from enum import IntEnum

__all__ = [
    "FRAME_BYTES_MIN_MAX",
    "HEADER",
    "PREFACE",
    "WINDOW_DEFAULT",
    "WINDOW_MAX",
    "ErrorCode",
    "Flag",
    "FrameType",
    "H2Error",
    "Setting",
    "error_name",
    "frame",
    "frame_header",
    "header_frames",
    "read_goaway",
    "read_number",
    "read_settings",
    "settings",
    "unpadded",
    "widened",
    "window_update",
]

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
"""What a client says first."""

HEADER = struct.Struct(">BHBBI")
"""A frame's header: its length in two parts, its type, its flags, its stream."""

FRAME_BYTES_MIN_MAX = 16_384
"""How much a frame may hold unless another limit was agreed on, and the smallest such limit."""

WINDOW_DEFAULT = 65_535
WINDOW_MAX = 2**31 - 1

_FRAME_BYTES_MAX_MAX = 2**24 - 1
_NUMBER = struct.Struct(">I")
_SETTING = struct.Struct(">HI")
_GOAWAY = struct.Struct(">II")
_STREAM = 2**31 - 1
_PRIORITY_BYTES = 5


class FrameType(IntEnum):
    """What a frame is. Of a type that is not here, a frame has to be ignored."""

    DATA = 0
    HEADERS = 1
    PRIORITY = 2
    RST_STREAM = 3
    SETTINGS = 4
    PUSH_PROMISE = 5
    PING = 6
    GOAWAY = 7
    WINDOW_UPDATE = 8
    CONTINUATION = 9


class Flag(IntEnum):
    """What is said of a frame. The first bit means ACK in SETTINGS and PING."""

    END_STREAM = 0x1
    ACK = 0x1
    END_HEADERS = 0x4
    PADDED = 0x8
    PRIORITY = 0x20


class Setting(IntEnum):
    """What one side tells the other of itself."""

    HEADER_TABLE_SIZE = 1
    ENABLE_PUSH = 2
    MAX_CONCURRENT_STREAMS = 3
    INITIAL_WINDOW_SIZE = 4
    MAX_FRAME_SIZE = 5
    MAX_HEADER_LIST_SIZE = 6


class ErrorCode(IntEnum):
    """Why a stream or a connection ends."""

    NO_ERROR = 0
    PROTOCOL_ERROR = 1
    INTERNAL_ERROR = 2
    FLOW_CONTROL_ERROR = 3
    SETTINGS_TIMEOUT = 4
    STREAM_CLOSED = 5
    FRAME_SIZE_ERROR = 6
    REFUSED_STREAM = 7
    CANCEL = 8
    COMPRESSION_ERROR = 9
    CONNECT_ERROR = 10
    ENHANCE_YOUR_CALM = 11
    INADEQUATE_SECURITY = 12
    HTTP_1_1_REQUIRED = 13


def error_name(code: int) -> str:
    """What an error is called.

    >>> error_name(8), error_name(99)
    ('CANCEL', 'error 99')
    """
    try:
        return ErrorCode(code).name
    except ValueError:
        return f"error {code}"


class H2Error(Exception):
    """The other side broke the rules: what it says from here on cannot be understood.

    Attributes:
        code: what the other side is told.
    """

    def __init__(self, code: ErrorCode, detail: str) -> None:
        super().__init__(detail)
        self.code = code


def frame_header(length: int, kind: FrameType, flags: int = 0, stream: int = 0) -> bytes:
    r"""What stands before the bytes of a frame.

    >>> frame_header(5, FrameType.DATA, Flag.END_STREAM, 3)
    b'\x00\x00\x05\x00\x01\x00\x00\x00\x03'
    """
    return HEADER.pack(length >> 16, length & 0xFFFF, kind, flags, stream)


def frame(kind: FrameType, payload: bytes, flags: int = 0, stream: int = 0) -> bytes:
    r"""A frame as a whole.

    >>> frame(FrameType.PING, b"12345678", Flag.ACK)
    b'\x00\x00\x08\x06\x01\x00\x00\x00\x0012345678'
    """
    return frame_header(len(payload), kind, flags, stream) + payload


def settings(values: dict[Setting, int]) -> bytes:
    """A SETTINGS frame."""
    pairs = (_SETTING.pack(name, value) for name, value in values.items())
    return frame(FrameType.SETTINGS, b"".join(pairs))


def window_update(stream: int, octets: int) -> bytes:
    """A WINDOW_UPDATE frame, for the connection as a whole if the stream is 0."""
    return frame(FrameType.WINDOW_UPDATE, _NUMBER.pack(octets), stream=stream)


def widened(window: int, more: int) -> int:
    """A window that was opened further, or closed by as much if `more` is negative.

    Raises:
        H2Error: it is wider than there are windows.
    """
    if window + more > WINDOW_MAX:
        raise H2Error(ErrorCode.FLOW_CONTROL_ERROR, "a window is opened too far")
    return window + more


def header_frames(block: bytes, stream: int, frame_bytes_max: int) -> bytes:
    """A block of headers that begins a stream: one frame, or as many as it takes."""
    if len(block) <= frame_bytes_max:
        head = frame_header(len(block), FrameType.HEADERS, Flag.END_HEADERS, stream)
        return head + block
    starts = range(0, len(block), frame_bytes_max)
    parts = []
    for start in starts:
        kind = FrameType.CONTINUATION if start else FrameType.HEADERS
        flags = Flag.END_HEADERS if start == starts[-1] else 0
        parts.append(frame(kind, block[start : start + frame_bytes_max], flags, stream))
    return b"".join(parts)


def unpadded(payload: bytes, flags: int) -> bytes:
    """The block of headers, or the part of one, that a HEADERS frame holds.

    Raises:
        H2Error: it holds less than it says.
    """
    start, end = 0, len(payload)
    if flags & Flag.PADDED:
        start, end = 1, end - (payload[0] if payload else 1)
    if flags & Flag.PRIORITY:
        start += _PRIORITY_BYTES
    if start > end:
        raise H2Error(ErrorCode.PROTOCOL_ERROR, "a frame of headers is all padding, and more")
    return payload[start:end]


def read_settings(payload: bytes) -> Iterator[tuple[int, int]]:
    """The settings in a frame, those included that nobody knows.

    Raises:
        H2Error: the frame is cut off, or a value is not allowed.
    """
    if len(payload) % _SETTING.size:
        raise H2Error(ErrorCode.FRAME_SIZE_ERROR, f"SETTINGS of {len(payload)} bytes")
    for name, value in _SETTING.iter_unpack(payload):
        if name == Setting.INITIAL_WINDOW_SIZE and value > WINDOW_MAX:
            raise H2Error(ErrorCode.FLOW_CONTROL_ERROR, f"a window of {value} bytes")
        if name == Setting.MAX_FRAME_SIZE:
            _check_frame_size(value)
        yield name, value


def _check_frame_size(value: int) -> None:
    if not FRAME_BYTES_MIN_MAX <= value <= _FRAME_BYTES_MAX_MAX:
        raise H2Error(ErrorCode.PROTOCOL_ERROR, f"frames of up to {value} bytes")


def read_number(payload: bytes) -> int:
    """The 31 bits of a WINDOW_UPDATE, or the 32 of a RST_STREAM.

    Raises:
        H2Error: there are not so many.
    """
    if len(payload) != _NUMBER.size:
        raise H2Error(ErrorCode.FRAME_SIZE_ERROR, f"{len(payload)} bytes in place of a number")
    number: int = _NUMBER.unpack(payload)[0]
    return number


def read_goaway(payload: bytes) -> tuple[int, int, str]:
    """The last stream that the other side has taken on, why it goes, and what it says about it.

    Raises:
        H2Error: the frame is cut off.
    """
    if len(payload) < _GOAWAY.size:
        raise H2Error(ErrorCode.FRAME_SIZE_ERROR, f"GOAWAY of {len(payload)} bytes")
    last, code = _GOAWAY.unpack_from(payload)
    return last & _STREAM, code, payload[_GOAWAY.size :].decode("utf-8", "replace")
