"""Cameras: the newest frame, whenever somebody has time for one.

A camera does not wait. What it sends while all are busy takes the place of what it sent before; the
frames that nobody has looked at then are counted, and never queued.
"""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Protocol

from sightline.exceptions import CameraError
from sightline.sources import Failure, Source
from sightline.stills import Frame
from vision import ImageHwc

PREFIX = "camera:"
SCHEMES = ("rtsp://", "rtsps://")
SILENCE_S = 15.0
"""How long a camera may send nothing before it counts as broken."""
_GLANCE_S = 0.1
_FAREWELL_S = 2.0


class Feed(Protocol):
    """A camera that is open. Read in one thread, which closes it, too."""

    def read(self) -> ImageHwc:
        """Wait for the next picture: RGB, uint8, shape [H, W, 3], upright.

        Raises:
            CameraError: There will be none.
        """
        ...

    def close(self) -> None:
        """Free the camera for others."""
        ...


Opener = Callable[[str], Feed]


def is_camera(word: str) -> bool:
    """Tell whether a word of the command line means a camera.

    Examples:
        >>> is_camera("camera:0"), is_camera("rtsp://door.example/1"), is_camera("camera.jpg")
        (True, True, False)
    """
    return word.startswith((PREFIX, *SCHEMES))


@dataclass(frozen=True, slots=True)
class Watch:
    """How long and how often a camera is looked at.

    Attributes:
        every_s: Seconds between frames at least; 0 for as many as are answered.
        seconds: How long, from the first frame on; None for no end.
        frames: How many; None for no end.
    """

    every_s: float = 0.0
    seconds: float | None = None
    frames: int | None = None


class Camera:
    """A camera, read in a thread of its own.

    Args:
        name: What its frames are called after.
        feed: The open camera.
        watch: How long and how often it is looked at.
        clock: Seconds.
        silence_s: How long it may send nothing.
    """

    def __init__(
        self,
        name: str,
        feed: Feed,
        watch: Watch,
        *,
        clock: Callable[[], float] = time.monotonic,
        silence_s: float = SILENCE_S,
    ) -> None:
        self.dropped = 0
        self._source = Source(name, 0, 0, "camera")
        self._feed = feed
        self._watch = watch
        self._clock = clock
        self._silence_s = silence_s
        self._is_stopped = False
        self._changed = threading.Condition()
        self._newest: tuple[float, ImageHwc] | None = None
        self._heard_s = clock()
        self._start_s: float | None = None
        self._due_s = 0.0
        self._error: CameraError | None = None

    def stop(self) -> None:
        """End the frames. A handler of signals may call this: it takes no lock."""
        self._is_stopped = True

    def frames(self) -> Iterator[Frame | Failure]:
        """Yield the newest frame each time that one is asked for, until it is enough.

        The last one may be a failure: that the camera is gone.
        """
        thread = threading.Thread(target=self._read, name="camera", daemon=True)
        thread.start()
        count = 0
        try:
            while not self._is_stopped and count != self._watch.frames:
                newest = self._taken()
                if newest is not None and self._is_within(newest[0]):
                    count += 1
                    yield Frame(self._source, round(newest[0], 3), newest[1])
                elif newest is not None or not self._is_within(self._now_s()):
                    break
                elif (failure := self._failure()) is not None:
                    yield failure
                    break
        finally:
            self._is_stopped = True
            thread.join(_FAREWELL_S)

    def _read(self) -> None:
        try:
            while not self._is_stopped:
                self._offer(self._feed.read())
        except CameraError as error:
            with self._changed:
                self._error = error
                self._changed.notify()
        finally:
            self._feed.close()

    def _offer(self, image_hwc: ImageHwc) -> None:
        with self._changed:
            self._heard_s = self._clock()
            if self._start_s is None:
                self._start_s = self._heard_s
            moment_s = self._heard_s - self._start_s
            if moment_s < self._due_s:
                return
            self.dropped += self._newest is not None
            self._newest = moment_s, image_hwc
            self._changed.notify()

    def _taken(self) -> tuple[float, ImageHwc] | None:
        """Take the newest frame, or wait a moment for one."""
        with self._changed:
            if self._newest is None and self._error is None:
                self._changed.wait(_GLANCE_S)
            newest, self._newest = self._newest, None
            if newest is not None:
                self._due_s = newest[0] + self._watch.every_s
            return newest

    def _now_s(self) -> float:
        return 0.0 if self._start_s is None else self._clock() - self._start_s

    def _is_within(self, moment_s: float) -> bool:
        return self._watch.seconds is None or moment_s < self._watch.seconds

    def _failure(self) -> Failure | None:
        """Return why there will be no more frames, if that is so."""
        if self._error is not None:
            return Failure(self._source.file, self._error.kind, str(self._error), "camera")
        if self._clock() - self._heard_s < self._silence_s:
            return None
        sentence = f"The camera has sent no picture for {self._silence_s:g} s."
        return Failure(self._source.file, "silent", sentence, "camera")


@contextmanager
def ended_by_ctrl_c(stop: Callable[[], object]) -> Iterator[None]:
    """Let Ctrl-C end the frames in order; pressed once more, it interrupts as usual.

    Args:
        stop: Called in the handler, so it takes no locks.
    """

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = signal.signal(signal.SIGINT, on_signal)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
