"""Videos as pictures at their moments.

They are decoded in a process of their own: a file that breaks a decoder fails alone.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import videos
from sightline.exceptions import PictureFailedError
from sightline.sources import Source
from sightline.stills import Frame
from videos import (
    DecoderBounds,
    DecoderError,
    IsolatedVideo,
    LibraryMissingError,
    TooLongError,
    TooManyBytesError,
    TooManyPixelsError,
    VideoError,
    VideoLimits,
)

EVERY_S = 1.0
"""Seconds between the frames of a video that are looked at unless somebody says otherwise."""
# Files of one's own: these keep a broken one from running for ever, and no long film out.
_LIMITS = VideoLimits(bytes_max=256 * 2**30, duration_s_max=24 * 3600.0, pixels_max=50_000_000)
# Frames may lie far apart, and all between them are decoded, too.
_BOUNDS = DecoderBounds(memory_bytes_max=4 * 2**30, stall_s=900.0)
_KINDS: dict[type[VideoError], str] = {
    DecoderError: "broken_decoder",
    LibraryMissingError: "not_installed",
    TooLongError: "too_long",
    TooManyBytesError: "too_large",
    TooManyPixelsError: "too_large",
}


@dataclass(frozen=True, slots=True)
class Footage:
    """Which frames of videos are looked at.

    Attributes:
        every_s: Seconds between them, counted from the start of the video; 0 takes them all.
        from_s: The first moment that counts, seconds.
        to_s: The first moment that does not count any more; None for the end.
        limits: How much a video may ask for.
    """

    every_s: float = EVERY_S
    from_s: float = 0.0
    to_s: float | None = None
    limits: VideoLimits = _LIMITS

    def frames(self, source: Source) -> Iterator[Frame]:
        """Decode the frames that are looked at, one at a time.

        Raises:
            PictureFailedError: It is no video that can be used, or it is damaged from here on.
        """
        with self._opened(source, self.every_s or None) as video:
            for frame in self.counted(video):
                yield Frame(source, round(frame.moment_s, 3), frame.pixels)

    @contextmanager
    def whole(self, source: Source) -> Iterator[IsolatedVideo]:
        """Open a video to decode all its frames with :meth:`counted`.

        Raises:
            PictureFailedError: As for :meth:`frames`.
        """
        with self._opened(source, None) as video:
            yield video

    def count(self, source: Source) -> int | None:
        """Return how many frames will be looked at, as far as the file says.

        Raises:
            PictureFailedError: It is no video that can be used.
        """
        with self._opened(source, self.every_s or None) as video:
            if video.duration_s is None:
                return None
            end_s = min(video.duration_s, self.to_s or video.duration_s)
            seconds = max(0.0, end_s - self.from_s)
            per_s = min(video.frame_rate, 1 / self.every_s if self.every_s else video.frame_rate)
            return max(1, round(seconds * per_s))

    def counted(self, video: IsolatedVideo) -> Iterator[videos.Frame]:
        """Decode the frames of an open video from the first to the last moment that counts."""
        for frame in video.frames():
            if self.to_s is not None and frame.moment_s >= self.to_s:
                return
            yield frame

    @contextmanager
    def _opened(self, source: Source, every_s: float | None) -> Iterator[IsolatedVideo]:
        with _translated():
            video = IsolatedVideo(
                Path(source.file), self.limits, _BOUNDS, every_s=every_s, from_s=self.from_s
            )
        with video, _translated():
            yield video


@contextmanager
def _translated() -> Iterator[None]:
    """Say what is wrong with a video in the words of this package."""
    try:
        yield
    except VideoError as error:
        raise PictureFailedError(str(error), _KINDS.get(type(error), "no_video")) from error
