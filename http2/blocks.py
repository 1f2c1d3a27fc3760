"""Blocks of headers as they come in: in one frame, or in several."""

from http2.frames import ErrorCode, Flag, H2Error, unpadded
from http2.headers import BLOCK_BYTES_MAX

__all__ = ["IncomingBlock"]

_CONTINUATIONS_MAX = 64
_END_STREAM, _END_HEADERS = int(Flag.END_STREAM), int(Flag.END_HEADERS)


class IncomingBlock:
    """The block of one connection that is coming in, one after the other.

    Attributes:
        stream: its number; 0 when no block has begun that has not ended yet.
        is_last: whether nothing follows it in its stream.
    """

    def __init__(self) -> None:
        self.stream = 0
        self.is_last = False
        self._parts: list[bytes] = []

    def begin(self, payload: bytes, flags: int, stream: int) -> bytes | None:
        """Takes in a frame of the type HEADERS; returns the block if that is all of it.

        Raises:
            H2Error: it breaks the rules.
        """
        if not stream % 2:
            raise H2Error(ErrorCode.PROTOCOL_ERROR, f"headers of stream {stream}")
        part = unpadded(payload, flags)
        self.is_last = bool(flags & _END_STREAM)
        if flags & _END_HEADERS:
            return part
        self.stream, self._parts = stream, [part]
        return None

    def go_on(self, payload: bytes, flags: int, stream: int) -> bytes | None:
        """Takes in a frame of the type CONTINUATION; returns the block if that was the last one.

        Raises:
            H2Error: it continues nothing, or there is no end to it.
        """
        if not stream or stream != self.stream:
            raise H2Error(ErrorCode.PROTOCOL_ERROR, "headers are continued that never began")
        self._parts.append(payload)
        size = sum(map(len, self._parts))
        if size > BLOCK_BYTES_MAX or len(self._parts) > _CONTINUATIONS_MAX:
            raise H2Error(ErrorCode.ENHANCE_YOUR_CALM, "headers without an end")
        if not flags & _END_HEADERS:
            return None
        block, self.stream, self._parts = b"".join(self._parts), 0, []
        return block
