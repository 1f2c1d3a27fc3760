"""Servers of HTTP/2 that say what a test wants, and a wire to them in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from http2.frames import HEADER, PREFACE, Flag, FrameType, Setting, frame, settings
from http2.headers import literal
from serving_client._deadline import Deadline
from serving_client._h2_answer import PREFIX
from serving_client._h2_wire import Part

__all__ = [
    "END", "HEAD", "HELLO", "OK", "ScriptedWire", "answer", "data", "frames", "headers", "message",
]  # fmt: skip

HELLO = settings({Setting.MAX_CONCURRENT_STREAMS: 100})
HEAD = literal(b":status", b"200") + literal(b"content-type", b"application/grpc")
OK = literal(b"grpc-status", b"0")
END = Flag.END_STREAM | Flag.END_HEADERS


def frames(data: bytes) -> list[tuple[int, int, int, bytes]]:
    """The type, flags, stream and bytes of frames that stand side by side."""
    found = []
    while data:
        high, low, kind, flags, stream = HEADER.unpack_from(data)
        end = HEADER.size + (high << 16 | low)
        found.append((kind, flags, stream, data[HEADER.size : end]))
        data = data[end:]
    return found


@dataclass
class ScriptedWire:
    """Says what it is told, in pieces, and notes what it hears.

    Attributes:
        said: pieces that come one by one; after the last one it hangs up.
        room: how many bytes it takes before it has to be waited for; None is any number.
        heard: everything that was sent.
        waits: how often somebody waited until it was ready to take something.
        room_after_wait: how many bytes it takes then.
    """

    said: list[bytes] = field(default_factory=list)
    room: int | None = None
    heard: bytearray = field(default_factory=bytearray)
    waits: int = 0
    room_after_wait: int = 0
    is_closed: bool = False

    def send(self, parts: Sequence[Part]) -> int:
        data = b"".join(parts)[: self.room]
        if self.room is not None:
            self.room -= len(data)
        self.heard += data
        return len(data)

    def receive(self, view: memoryview, deadline: Deadline) -> int:
        assert deadline.remaining_s
        return self.receive_now(view) or 0

    def receive_now(self, view: memoryview) -> int | None:
        if not self.said:
            return 0
        data = self.said.pop(0)
        taken = data[: len(view)]
        if data[len(view) :]:
            self.said.insert(0, data[len(view) :])
        view[: len(taken)] = taken
        return len(taken) or None

    def wait(self, deadline: Deadline) -> bool:
        assert deadline.remaining_s
        self.waits += 1
        self.room = self.room_after_wait
        return bool(self.said)

    def shut_down(self) -> None:
        self.said = []

    def close(self) -> None:
        self.is_closed = True

    @property
    def frames(self) -> list[tuple[int, int, int, bytes]]:
        """What was heard after the preface."""
        assert self.heard.startswith(PREFACE)
        return frames(bytes(self.heard[len(PREFACE) :]))

    @property
    def request(self) -> bytes:
        """The data that was heard."""
        return b"".join(data for kind, _, _, data in self.frames if kind == FrameType.DATA)


def data(payload: bytes, flags: int = 0, stream: int = 1) -> bytes:
    return frame(FrameType.DATA, payload, flags, stream)


def headers(block: bytes, flags: int = Flag.END_HEADERS, stream: int = 1) -> bytes:
    return frame(FrameType.HEADERS, block, flags, stream)


def message(payload: bytes) -> bytes:
    return PREFIX.pack(0, len(payload)) + payload


def answer(payload: bytes = b"yes", stream: int = 1) -> bytes:
    """All frames of an answer."""
    head = headers(HEAD, stream=stream)
    return head + data(message(payload), 0, stream) + headers(OK, END, stream)
