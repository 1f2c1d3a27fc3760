"""Decoding in another process, so that a file that breaks a decoder breaks nothing else."""

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Self

from videos import exceptions
from videos.exceptions import DecoderError, VideoError
from videos.frame import Frame
from videos.limits import VideoLimits
from videos.messages import END, FACTS, FRAME, HEAD, Facts, read_frame

_PROGRAM = "videos.decoding"
_LOOK_S = 0.25
_END_S = 5.0
# What an interpreter needs to find its modules and to read names of files; no address, no secret.
_ENVIRONMENT = ("PATH", "PYTHONPATH", "PYTHONHOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "TZ")
# Threads that have nothing to do here would each reserve memory that counts.
_FRUGAL = {"OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}


@dataclass(frozen=True, slots=True)
class DecoderBounds:
    """What the process that decodes may take.

    Attributes:
        memory_bytes_max: Its address space.
        stall_s: How long it may go without a picture, in seconds.
    """

    memory_bytes_max: int = 2_000_000_000
    stall_s: float = 60.0


class IsolatedVideo:
    """A video that is decoded in another process. Close it, or use it in ``with``.

    Args:
        path: An MP4, WebM or QuickTime file.
        limits: How much it may ask for.
        bounds: What the process may take.
        every_s: As for :meth:`videos.Video.frames`.
        from_s: As for :meth:`videos.Video.frames`.
        on_wait: Called some times a second while nothing comes. An error that it raises ends the
            wait.

    Attributes:
        duration_s: As of :class:`videos.Video`, like what follows.
        frame_rate: Pictures a second on average.
        size_wh: Width and height in pixels.

    Raises:
        VideoError: As :func:`videos.open_video` raises it; DecoderError where the process broke
            down, hung, or took too much memory.
    """

    def __init__(  # noqa: PLR0913  each one is a value with a default
        self,
        path: Path,
        limits: VideoLimits,
        bounds: DecoderBounds,
        *,
        every_s: float | None = None,
        from_s: float = 0.0,
        on_wait: Callable[[], object] = lambda: None,
    ) -> None:
        self._bounds = bounds
        self._on_wait = on_wait
        self._moment_s = from_s
        request = {
            "path": str(path.resolve()),
            "limits": asdict(limits),
            "memory_bytes_max": bounds.memory_bytes_max,
            "every_s": every_s,
            "from_s": from_s,
        }
        self._process = subprocess.Popen(  # noqa: S603  our own program
            [sys.executable, "-m", _PROGRAM, json.dumps(request)],
            stdin=subprocess.PIPE,  # held open: its end tells the process that we are gone
            stdout=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,  # Ctrl-C in a terminal is for us to heed
            env=_environment(),
        )
        try:
            _, body = self._expect(FACTS)
        except BaseException:
            self.close()
            raise
        facts = Facts(*json.loads(body))
        self.duration_s, self.frame_rate = facts.duration_s, facts.frame_rate
        self.size_wh = (facts.size_wh[0], facts.size_wh[1])

    def frames(self) -> Iterator[Frame]:
        """Yield the pictures, in order.

        Raises:
            VideoError: As :meth:`videos.Video.frames` raises it, and DecoderError.
        """
        while True:
            kind, body = self._expect(FRAME, END)
            if kind == END:
                return
            frame = read_frame(body)
            self._moment_s = frame.moment_s
            yield frame

    def close(self) -> None:
        """End the process; from any thread, and more than once."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _expect(self, *kinds: bytes) -> tuple[bytes, bytearray]:
        """Return the next message.

        Raises:
            VideoError: It is another one: a failure.
        """
        end_s = monotonic() + self._bounds.stall_s
        kind, length = HEAD.unpack(self._read(HEAD.size, end_s))
        body = self._read(length, end_s)
        if kind not in kinds:
            raise _failure(body)
        return kind, body

    def _read(self, size: int, end_s: float) -> bytearray:
        body = bytearray(size)
        view, done = memoryview(body), 0
        pipe = self._process.stdout
        while pipe is not None and done < size:
            self._wait(pipe.fileno(), end_s)
            count = os.readv(pipe.fileno(), [view[done:]])
            if not count:
                raise DecoderError(self._how_it_ended())
            done += count
        return body

    def _wait(self, descriptor: int, end_s: float) -> None:
        while not select.select([descriptor], [], [], _LOOK_S)[0]:
            self._on_wait()
            if monotonic() > end_s:
                raise DecoderError(
                    f"Decoding got stuck at {self._moment_s:.1f} s of the video: there was no "
                    f"picture for {self._bounds.stall_s:g} s."
                )

    def _how_it_ended(self) -> str:
        try:
            status = self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            status = 0
        how = signal.Signals(-status).name if status < 0 else f"status {status}"
        return f"The decoder broke down at {self._moment_s:.1f} s of the video ({how})."


def _environment() -> dict[str, str]:
    return {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ} | _FRUGAL


def _failure(body: bytearray) -> VideoError:
    told = json.loads(body)
    kind: type[VideoError] = getattr(exceptions, told["kind"])
    error = kind.__new__(kind)
    error.args = (told["sentence"],)
    return error
