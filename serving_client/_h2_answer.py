"""What an answer over HTTP/2 means to gRPC.

https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md is the source of the rules here, and
https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md of what stands for answers
of others than gRPC servers.
"""

import struct
from collections.abc import Mapping
from typing import Protocol
from urllib.parse import unquote_to_bytes

import grpc

from http2.frames import ErrorCode, H2Error, error_name
from http2.headers import HeaderList
from serving_client._grpc_channels import pushback_s
from serving_client._message_size import MessageSizeError
from serving_client._transport import TransportError

__all__ = ["PREFIX", "Answer", "Source", "UnprocessedError"]

PREFIX = struct.Struct(">BI")
"""What stands before a message: whether it is compressed, and its length."""

_Code = grpc.StatusCode
_STATUSES = {str(code.value[0]).encode(): code for code in _Code}
_WORDS_CHARS_MAX = 200
_SMALL_BYTES_MAX = 16_384  # what nearly always comes in one frame, and is there already
_OK = b"200"

_HTTP_STATUSES = {
    b"400": _Code.INTERNAL,
    b"401": _Code.UNAUTHENTICATED,
    b"403": _Code.PERMISSION_DENIED,
    b"404": _Code.UNIMPLEMENTED,
    b"429": _Code.UNAVAILABLE,
    b"502": _Code.UNAVAILABLE,
    b"503": _Code.UNAVAILABLE,
    b"504": _Code.UNAVAILABLE,
}
_KNOWN_ERRORS = frozenset(ErrorCode)
_RESETS: Mapping[int, grpc.StatusCode] = {
    ErrorCode.STREAM_CLOSED: _Code.UNKNOWN,
    ErrorCode.CANCEL: _Code.CANCELLED,
    ErrorCode.ENHANCE_YOUR_CALM: _Code.RESOURCE_EXHAUSTED,
    ErrorCode.INADEQUATE_SECURITY: _Code.PERMISSION_DENIED,
    ErrorCode.HTTP_1_1_REQUIRED: _Code.UNKNOWN,
}


class UnprocessedError(Exception):
    """The server says that it did nothing about a call, so it can be sent again."""


class Source(Protocol):
    """Where the bytes of a message come from."""

    def payload(self, length: int) -> bytes:
        """So many bytes."""

    def into(self, view: memoryview) -> None:
        """Puts so many bytes there."""


class Answer:
    """The answer to one call, as it comes in.

    Args:
        bytes_max: how large its message may be.

    Attributes:
        is_complete: whether nothing more comes.
    """

    def __init__(self, bytes_max: int) -> None:
        self.is_complete = False
        self._bytes_max = bytes_max
        self._is_begun = False
        self._prefix = b""
        self._message: bytes | bytearray | None = None
        self._filled = 0
        self._failure: TransportError | None = None

    @property
    def message(self) -> bytes:
        """The bytes of the message.

        Raises:
            TransportError: there is none, but an error, or nothing.
        """
        if self._failure is not None:
            raise self._failure
        if self._message is None or self._filled < len(self._message):
            raise _cardinality("no message, or a part of one")
        return self._message  # type: ignore[return-value]  # who reads it never minds which

    def take_headers(self, fields: HeaderList, *, is_last: bool) -> None:
        """Takes in headers, those at the end included.

        Raises:
            TransportError: they are not those of a gRPC server.
            H2Error: they stand in the wrong place.
        """
        named = dict(fields)
        if not self._is_begun:
            status = named.get(b":status", b"")
            if status.startswith(b"1") and not is_last:
                return  # more are to come
            self._is_begun = True
            _check_head(named, status)
        elif not is_last:
            raise H2Error(ErrorCode.PROTOCOL_ERROR, "headers in the middle of an answer")
        if is_last:
            self.is_complete = True
            self._failure = _failure(named)

    def take_data(self, source: Source, length: int) -> None:
        """Takes in a part of the message.

        Raises:
            TransportError: it is compressed, too large, or not the only one.
            H2Error: nothing is known of it yet.
        """
        if not self._is_begun:
            raise H2Error(ErrorCode.PROTOCOL_ERROR, "data without headers")
        if self._message is None:
            length = self._begin(source, length)
        if not length or self._message is None:
            return
        if self._filled + length > len(self._message):
            raise _cardinality("more than one message")
        end = self._filled + length
        source.into(memoryview(self._message)[self._filled : end])
        self._filled = end

    def end(self) -> None:
        """Notes that it ends with its data, which is too soon."""
        self.is_complete = True
        self._failure = _failure({})

    def reset(self, code: int) -> None:
        """Notes that the server broke it off.

        Raises:
            UnprocessedError: the server did nothing.
        """
        if code == ErrorCode.REFUSED_STREAM:
            raise UnprocessedError("the server refused the call before it looked at it")
        status = _RESETS.get(code, _Code.INTERNAL if code in _KNOWN_ERRORS else _Code.UNKNOWN)
        self.is_complete = True
        self._failure = _failed(status, f"the server broke off its answer: {error_name(code)}")

    def _begin(self, source: Source, length: int) -> int:
        """Takes in the prefix, and says how much is left."""
        missing = min(PREFIX.size - len(self._prefix), length)
        self._prefix += source.payload(missing)
        length -= missing
        if len(self._prefix) < PREFIX.size:
            return length
        is_compressed, size = PREFIX.unpack(self._prefix)
        if is_compressed:
            raise TransportError(_Code.INTERNAL, "the answer is compressed, which nobody asked for")
        if size > self._bytes_max:
            raise MessageSizeError("answer", size, self._bytes_max, "it was not read")
        if size == length <= _SMALL_BYTES_MAX:
            self._message, self._filled = source.payload(length), length
            return 0
        self._message = bytearray(size)
        return length


def _failed(code: grpc.StatusCode, detail: str, pushback: str | None = None) -> TransportError:
    """What a status that is not OK means, if it was not the client that ended the call.

    A server that cancels a call, which nobody asked it to, is about to stop.
    """
    if code is _Code.CANCELLED:
        code, detail = _Code.UNAVAILABLE, f"the server cancelled the call: {detail}"
    return TransportError(code, detail, pushback_s(pushback))


def _check_head(named: Mapping[bytes, bytes], status: bytes) -> None:
    """Lets the first headers of a gRPC server pass."""
    kind = named.get(b"content-type", b"")
    if status == _OK and kind.startswith(b"application/grpc"):
        return
    if b"grpc-status" in named:
        return
    code = _HTTP_STATUSES.get(status, _Code.UNKNOWN)
    what = f"HTTP {_words(status)}, content-type {_words(kind) or 'none'}"
    raise TransportError(code, f"{what}, not from a gRPC server")


def _failure(named: Mapping[bytes, bytes]) -> TransportError | None:
    """The error that headers at the end tell of; None if all went well."""
    status = named.get(b"grpc-status")
    if status == b"0":
        return None
    if status is None:
        return TransportError(_Code.UNKNOWN, "the answer ends without a status")
    code = _STATUSES.get(status)
    if code is None:
        return TransportError(_Code.UNKNOWN, f"the answer ends with the status {_words(status)}")
    detail = unquote_to_bytes(named.get(b"grpc-message", b"")).decode("utf-8", "replace")
    pushback = named.get(b"grpc-retry-pushback-ms")
    return _failed(code, detail, None if pushback is None else pushback.decode("latin-1"))


def _words(text: bytes) -> str:
    """What a server says, as far as it is worth repeating."""
    return text.decode("ascii", "backslashreplace")[:_WORDS_CHARS_MAX]


def _cardinality(what: str) -> TransportError:
    return TransportError(_Code.UNIMPLEMENTED, f"the answer has {what}, and should have one")
