"""The metadata of calls: what clients send, and what they are answered.

https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md is the source of the rules here, and
RFC 9113, section 8, of those of HTTP.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from http2.headers import HeaderList, indexed, literal
from model_server.h2_front.compression import ENCODINGS
from model_server.status import ServingError, grpc_message

LIST_BYTES_MAX = 16 << 10
"""How much the headers of a call may count, as the gRPC library has it."""

_PSEUDO = frozenset({b":method", b":scheme", b":path", b":authority"})
_NEEDED = frozenset({b":method", b":scheme", b":path"})
_OF_CONNECTIONS = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"}
)
_NAME = re.compile(rb":?[!#$%&'*+.^_`|~0-9a-z-]+")
_FORBIDDEN = re.compile(rb"[\0\r\n]")
_TIMEOUT = re.compile(r"([0-9]{1,8})([HMSmun])")
_SECONDS = {"H": 3600.0, "M": 60.0, "S": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9}
_CONTENT_TYPE = "application/grpc"
_UNCHANGED = "".join(map(chr, range(0x20, 0x7F))).replace("%", "")

_OK_HEAD = (
    indexed(b":status", b"200")
    + literal(b"content-type", _CONTENT_TYPE.encode())
    + literal(b"grpc-accept-encoding", ",".join(ENCODINGS).encode())
)
OK_TRAILERS = literal(b"grpc-status", b"0")
"""The block of headers that ends a call that went well."""


class MalformedError(Exception):
    """The headers are none of HTTP/2: their stream ends."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a client says of a call before it sends the request.

    Attributes:
        path: Which call it is.
        timeout_s: How long the client waits; `None` is for ever.
        headers: All else, by name; of several of one name the last one.
    """

    path: str
    timeout_s: float | None
    headers: Mapping[str, str]

    @classmethod
    def read(cls, fields: HeaderList) -> "Metadata":
        """Read headers.

        Raises:
            MalformedError: They are none of a request over HTTP/2.

        Example:
            >>> fields = ((b":method", b"POST"), (b":scheme", b"http"), (b":path", b"/a/B"),
            ...           (b"grpc-timeout", b"20m"), (b"x-request-id", b"7"))
            >>> Metadata.read(fields)
            Metadata(path='/a/B', timeout_s=0.02, headers={':method': 'POST', \
'grpc-timeout': '20m', 'x-request-id': '7'})
        """
        _check(fields)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in fields}
        path = headers.pop(":path")
        del headers[":scheme"]
        headers.pop(":authority", None)
        return cls(path, _timeout_s(headers.get("grpc-timeout", "")), headers)

    @property
    def http_status(self) -> bytes | None:
        """What to answer over HTTP if this is no call of gRPC at all; `None` if it is one."""
        if self.headers.get(":method") != "POST":
            return b"405"
        is_grpc = self.headers.get("content-type", "").startswith(_CONTENT_TYPE)
        return None if is_grpc else b"415"


def _check(fields: HeaderList) -> None:
    pseudo: set[bytes] = set()
    is_regular = False
    for name, value in fields:
        if name.startswith(b":"):
            if is_regular or name not in _PSEUDO or name in pseudo:
                raise MalformedError(f"a header {name!r} out of its place")
            pseudo.add(name)
        else:
            is_regular = True
        _check_field(name, value)
    if not pseudo >= _NEEDED:
        raise MalformedError("a request without method, scheme or path")


def check_trailers(fields: HeaderList, *, is_last: bool) -> None:
    """Make sure that headers may stand at the end, and do.

    Raises:
        MalformedError: They may not.
    """
    if not is_last:
        raise MalformedError("headers in the middle")
    for name, value in fields:
        if name.startswith(b":"):
            raise MalformedError(f"a header {name!r} at the end")
        _check_field(name, value)


def _check_field(name: bytes, value: bytes) -> None:
    if _NAME.fullmatch(name) is None or _FORBIDDEN.search(value):
        raise MalformedError("a header of forbidden characters")
    if name in _OF_CONNECTIONS or (name == b"te" and value != b"trailers"):
        raise MalformedError(f"a header {name!r}, which HTTP/2 does not have")


def _timeout_s(text: str) -> float | None:
    match = _TIMEOUT.fullmatch(text)
    return int(match[1]) * _SECONDS[match[2]] if match else None


def head(request_id: str) -> bytes:
    """Return the block of headers before an answer."""
    return _OK_HEAD + literal(b"x-request-id", request_id.encode("latin-1", "replace"))


def plain_head() -> bytes:
    """Return the block of headers before an answer of a service that has no request ids."""
    return _OK_HEAD


def http_head(status: bytes) -> bytes:
    """Return the block of headers for who does not speak gRPC."""
    return literal(b":status", status)


def error_trailers(error: ServingError) -> bytes:
    r"""Return the block of headers that ends a call that failed.

    Example:
        >>> from model_server.status import Code
        >>> error_trailers(ServingError(Code.NOT_FOUND, "no\n"))
        b'\x10\x0bgrpc-status\x015\x10\x0cgrpc-message\x05no%0A'
    """
    message = quote(grpc_message(error.message), safe=_UNCHANGED, errors="replace")
    return literal(b"grpc-status", str(error.code.value).encode()) + literal(
        b"grpc-message", message.encode()
    )
