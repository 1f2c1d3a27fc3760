"""``python -m videos.decoding``: decode one video into a pipe, in a process that may break.

:mod:`videos.isolated` starts it. What a file can do to a decoder, it does to this process, which
knows no secrets, may write no files, and has so much memory and no more.
"""

import json
import os
import resource
import sys
from errno import EAGAIN, ENOMEM
from pathlib import Path
from threading import Thread
from typing import Any, BinaryIO

from videos.exceptions import DecoderError, VideoError
from videos.library import need_library
from videos.limits import VideoLimits
from videos.messages import END, FACTS, FAILURE, Facts, write_frame, write_message
from videos.video import open_video

_FILES_MAX = 32


def main() -> None:
    """Do what the argument asks for."""
    request = json.loads(sys.argv[1])
    # What FFmpeg's libraries print must not get into the pipe.
    pipe = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    Thread(target=_end_with_parent, daemon=True).start()
    try:
        need_library()  # which is known to be sound, and takes more files than a video does
        _confine(request["memory_bytes_max"])
        _decode(pipe, request)
    except BrokenPipeError:  # whoever asked has enough
        os._exit(0)
    except VideoError as error:
        _tell(pipe, type(error).__name__, str(error))
    except (MemoryError, OSError) as error:
        _tell(pipe, DecoderError.__name__, _sentence(error))


def _decode(pipe: BinaryIO, request: dict[str, Any]) -> None:
    with open_video(Path(request["path"]), VideoLimits(**request["limits"])) as video:
        facts = Facts(video.duration_s, video.frame_rate, video.size_wh)
        write_message(pipe, FACTS, json.dumps(facts).encode())
        for frame in video.frames(request["every_s"], request["from_s"]):
            write_frame(pipe, frame)
    write_message(pipe, END)


def _end_with_parent() -> None:
    """End when the process that asked has ended, however that happened."""
    sys.stdin.buffer.read()
    os._exit(0)


def _confine(memory_bytes_max: int) -> None:
    """Give up what decoding does not need."""
    bounds = {
        resource.RLIMIT_DATA: memory_bytes_max,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NOFILE: _FILES_MAX,
    }
    for kind, bound in bounds.items():
        _, hard = resource.getrlimit(kind)
        most = bound if hard == resource.RLIM_INFINITY else min(bound, hard)
        resource.setrlimit(kind, (most, most))


def _sentence(error: Exception) -> str:
    # FFmpeg says "again" where the system has no memory for another thread.
    if isinstance(error, MemoryError) or getattr(error, "errno", 0) in {EAGAIN, ENOMEM}:
        return "Decoding this video takes more memory than it may have."
    return f"The video could not be read: {getattr(error, 'strerror', None) or error}."


def _tell(pipe: BinaryIO, kind: str, sentence: str) -> None:
    write_message(pipe, FAILURE, json.dumps({"kind": kind, "sentence": sentence}).encode())


if __name__ == "__main__":
    main()
