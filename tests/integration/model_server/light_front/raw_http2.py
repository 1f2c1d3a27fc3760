"""A client of HTTP/2 that says what a test wants, right or wrong, over a socket."""

import socket
import struct
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from tensorflow_serving.apis.predict_pb2 import PredictRequest

from http2.frames import (
    HEADER,
    PREFACE,
    Flag,
    FrameType,
    Setting,
    frame,
    settings,
    window_update,
)
from http2.headers import HeaderList, HeaderReader, literal

__all__ = ["END", "PATH", "Frame", "RawClient", "block", "call", "goaway_code", "message"]

PATH = "/tensorflow.serving.PredictionService/Predict"
END = int(Flag.END_STREAM)
_HEADERS_END = int(Flag.END_HEADERS)
_WAIT_S = 20.0
_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Frame:
    kind: int
    flags: int
    stream: int
    payload: bytes


def block(path: str = PATH, more: Iterable[tuple[str, str]] = ()) -> bytes:
    """The headers of a call."""
    fields = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", path),
        (":authority", "test"),
        ("te", "trailers"),
        ("content-type", "application/grpc"),
        *more,
    ]
    return b"".join(literal(name.encode(), value.encode()) for name, value in fields)


def message(values: Iterable[float] = (2.0,), model: str = "default") -> bytes:
    """A request as gRPC sends it."""
    request = PredictRequest()
    request.model_spec.name = model
    tensor = request.inputs["x"]
    tensor.dtype = 1
    values = list(values)
    tensor.tensor_shape.dim.add(size=len(values))
    tensor.tensor_content = struct.pack(f"<{len(values)}f", *values)
    body: bytes = request.SerializeToString()
    return prefix(len(body)) + body


def prefix(length: int, *, compressed: bool = False) -> bytes:
    return struct.pack(">BI", compressed, length)


def headers(stream: int, data: bytes, flags: int = 0) -> bytes:
    return frame(FrameType.HEADERS, data, flags | _HEADERS_END, stream)


def data(stream: int, payload: bytes, flags: int = 0) -> bytes:
    return frame(FrameType.DATA, payload, flags, stream)


def call(stream: int, payload: bytes | None = None, more: Iterable[tuple[str, str]] = ()) -> bytes:
    """All frames of a call."""
    payload = message() if payload is None else payload
    return headers(stream, block(more=more)) + data(stream, payload, END)


def goaway_code(frames: Iterable[Frame]) -> int | None:
    """Why the server ended the connection; None if it did not say so."""
    codes = [
        struct.unpack_from(">II", each.payload)[1]
        for each in frames
        if each.kind == FrameType.GOAWAY
    ]
    return codes[-1] if codes else None


class RawClient:
    """A connection.

    Args:
        port: of the server, on loopback.
        hello: what is said first; by default what HTTP/2 wants, with wide windows.
    """

    def __init__(self, port: int, hello: bytes | None = None) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=_WAIT_S)
        self._rest = b""
        self._reader = HeaderReader()
        if hello is None:
            wide = {Setting.INITIAL_WINDOW_SIZE: 1 << 30}
            hello = PREFACE + settings(wide) + window_update(0, 1 << 30)
        self.say(hello)

    def say(self, words: bytes) -> None:
        """Sends bytes; a server that has hung up does not hear them."""
        with suppress(BrokenPipeError, ConnectionResetError):
            self._socket.sendall(words)

    def frame(self) -> Frame | None:
        """The next frame; None if the server has hung up."""
        while True:
            if len(self._rest) >= HEADER.size:
                high, low, kind, flags, stream = HEADER.unpack_from(self._rest)
                end = HEADER.size + (high << 16 | low)
                if len(self._rest) >= end:
                    payload, self._rest = self._rest[HEADER.size : end], self._rest[end:]
                    return Frame(kind, flags, stream, payload)
            try:
                more = self._socket.recv(_CHUNK)
            except ConnectionResetError:
                return None
            if not more:
                return None
            self._rest += more

    def rest(self) -> list[Frame]:
        """All that comes until the server hangs up."""
        return list(iter(self.frame, None))

    def until(self, kind: FrameType, stream: int = 0, *, flags: int = 0) -> Frame:
        """The next frame of a kind; the others are read over."""
        while found := self.frame():
            if found.kind == FrameType.HEADERS and found.kind != kind:
                self._reader.read(found.payload)
            if (found.kind, found.stream) == (kind, stream) and found.flags & flags == flags:
                return found
        raise AssertionError(f"the server hung up before it sent {kind.name}")

    def answer(self, stream: int) -> tuple[dict[str, str], bytes]:
        """The headers of an answer, those at the end included, and its data."""
        fields: HeaderList = ()
        received = b""
        while found := self.frame():
            if found.kind == FrameType.HEADERS:
                read = self._reader.read(found.payload)
                if found.stream == stream:
                    fields += read
                    if found.flags & END:
                        named = {name.decode(): value.decode() for name, value in fields}
                        return named, received
            elif found.stream == stream and found.kind == FrameType.DATA:
                received += found.payload
            elif found.stream == stream and found.kind == FrameType.RST_STREAM:
                return {"reset": str(int.from_bytes(found.payload, "big"))}, received
        raise AssertionError(f"the server hung up before it answered stream {stream}")

    def close(self) -> None:
        self._socket.close()
