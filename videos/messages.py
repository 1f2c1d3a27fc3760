"""What the process that decodes tells the one that asked: messages in a pipe."""

import struct
from typing import BinaryIO, NamedTuple

import numpy as np

from videos.frame import Frame

# One letter and the length of what follows.
HEAD = struct.Struct("<cI")
FACTS, FRAME, FAILURE, END = b"V", b"F", b"E", b"D"
_FRAME_HEAD = struct.Struct("<dII")


class Facts(NamedTuple):
    """What a file says of itself, as :class:`videos.Video` has it."""

    duration_s: float | None
    frame_rate: float
    size_wh: tuple[int, int]


def write_message(pipe: BinaryIO, kind: bytes, *parts: bytes | memoryview) -> None:
    """Write one message.

    Raises:
        BrokenPipeError: Nobody reads any more.
    """
    pipe.write(HEAD.pack(kind, sum(len(part) for part in parts)))
    pipe.writelines(parts)
    pipe.flush()


def write_frame(pipe: BinaryIO, frame: Frame) -> None:
    """Write a frame, without a copy of its pixels."""
    height, width = frame.pixels.shape[:2]
    head = _FRAME_HEAD.pack(frame.moment_s, width, height)
    pixels = np.ascontiguousarray(frame.pixels).data.cast("B")
    write_message(pipe, FRAME, head, pixels)


def read_frame(body: bytearray) -> Frame:
    """Return the frame of a message."""
    moment_s, width, height = _FRAME_HEAD.unpack_from(body)
    pixels = np.frombuffer(body, np.uint8, offset=_FRAME_HEAD.size)
    return Frame(moment_s, pixels.reshape(height, width, 3))
