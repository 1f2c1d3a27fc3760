"""A video file that is open."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, Self

import numpy as np

from videos.exceptions import (
    DamagedVideoError,
    NoFramesError,
    NotAVideoError,
    NoVideoStreamError,
    TooLongError,
    TooManyBytesError,
    TooManyPixelsError,
    VideoError,
)
from videos.formats import VideoFormat, format_of, is_cut_off
from videos.frame import Frame, PixelsHwc
from videos.library import need_library
from videos.limits import VideoLimits
from videos.orientation import upright
from videos.sampling import first_moment, is_due, next_moment

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer
    from av.video.stream import VideoStream

# What cameras, telephones, screen recorders and editors write. FFmpeg reads hundreds more, which
# mostly serve whoever looks for a hole in them.
_CODECS = frozenset(
    {"av1", "dnxhd", "h263", "h264", "hevc", "libdav1d", "mjpeg", "mpeg2video", "mpeg4"}
    | {"prores", "vp8", "vp9"}
)
_DEMUXER_OPTIONS = {
    "enable_drefs": "0",  # a QuickTime file may name other files that its content is in
    "use_absolute_path": "0",
    "max_streams": "32",
}
_BUFFER_BYTES = 256 * 1024
# Each thread holds pictures of its own.
_THREADS = 2
# A stream that counts more pictures a second than this is not filmed.
_FRAMES_PER_S_MAX = 240
_FRAME_RATE_USUAL = 25.0
_MICRO = 1_000_000
_ROUNDED_UP, _ROUNDED_UP_LEAST = 2, 128 * 128
_ASPECT_MAX = 4
_DEFAULT_LIMITS = VideoLimits()


def open_video(path: Path, limits: VideoLimits = _DEFAULT_LIMITS) -> "Video":
    """Open a video file, and decode its first picture to see whether it is one.

    Its content decides what it is, and nothing but this file is read.

    Args:
        path: An MP4, WebM or QuickTime file.
        limits: How much it may ask for.

    Raises:
        LibraryMissingError: PyAV is not installed.
        VideoError: It is no video that can be read, or beyond the limits; the classes below it
            say which.
        OSError: The file cannot be opened.
    """
    file = _regular_file(path)
    try:
        return Video(file, limits)
    except BaseException:
        file.close()
        raise


class Video:
    """A video file that is open; :func:`open_video` makes it. Close it, or use it in ``with``.

    Only one iteration over its pictures runs at a time: a new one ends the one before.

    Args:
        file: The file, closed with the video.
        limits: How much it may ask for.

    Attributes:
        format: What the file is.
        duration_s: What it says to last, in seconds; None where it does not say.
        frame_rate: Pictures a second on average, as far as the file says.
        size_wh: Width and height of the pictures in pixels, upright and with square pixels.
    """

    def __init__(self, file: BinaryIO, limits: VideoLimits) -> None:
        self._av = need_library()
        self._file = file
        self._limits = limits
        size = os.fstat(file.fileno()).st_size
        _check_size(size, limits)
        self.format: VideoFormat = format_of(file.read(64))
        self._is_cut_off = is_cut_off(file, self.format, size)
        self._packets = 0
        self._turn: tuple[int, bytes | None] | None = None
        self._first_wh: tuple[int, int] | None = None
        self._container: InputContainer | None = None
        try:
            self._stream = self._reopen()
            self.duration_s = self._duration()
            self.frame_rate = float(self._stream.average_rate or _FRAME_RATE_USUAL)
            self.size_wh = self._size()
        except BaseException:
            self._close_container()
            raise

    def frames(self, every_s: float | None = None, from_s: float = 0.0) -> Iterator[Frame]:
        """Decode pictures, one at a time and in order.

        Args:
            every_s: Seconds between pictures, counted from the start of the video: the first
                picture at or after each multiple is taken. None takes them all.
            from_s: Where to start, in seconds.

        Raises:
            DamagedVideoError: The file is cut off or damaged; the pictures before that were given.
            TooLongError, TooManyPixelsError: The content is beyond the limits.
            ValueError: ``every_s`` is not above 0, or ``from_s`` below it.
        """
        if (every_s is not None and not every_s > 0) or not from_s >= 0:
            raise ValueError(f"expected every_s > 0 and from_s >= 0, got {every_s} and {from_s}")
        due_s = first_moment(from_s, every_s)
        for moment_s, frame in self._from(due_s):
            if is_due(moment_s, due_s):
                yield Frame(moment_s, self._pixels(frame))
                due_s = next_moment(moment_s, every_s)

    def close(self) -> None:
        """Free the decoder and the file; more than once does no harm."""
        self._close_container()
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _reopen(self) -> "VideoStream":
        """Start from the first byte."""
        self._close_container()
        self._file.seek(0)
        self._packets = 0
        with self._errors_translated(None):
            self._container = self._av.open(
                self._file,
                "r",
                format=self.format.demuxer,
                options=dict(_DEMUXER_OPTIONS),
                io_open=_open_nothing_else,
                buffer_size=_BUFFER_BYTES,
            )
        if self._is_cut_off and not self._container.streams.video:
            raise _cut_off(None)
        stream = _picture_stream(self._container)
        _check_pixels(stream.codec_context.width, stream.codec_context.height, self._limits)
        # Decoders count what they round up to, and each picture is counted exactly later on.
        most = _ROUNDED_UP * self._limits.pixels_max + _ROUNDED_UP_LEAST
        stream.codec_context.options = {"max_pixels": str(most)}
        stream.codec_context.thread_count = _THREADS
        stream.codec_context.thread_type = "AUTO"
        return stream

    def _close_container(self) -> None:
        if self._container is not None:
            self._container.close()
            self._container = None

    def _duration(self) -> float | None:
        container, stream = self._opened(), self._stream
        if stream.duration is not None and stream.time_base is not None:
            duration_s = float(stream.duration * stream.time_base)
        elif container.duration is not None:
            duration_s = container.duration / _MICRO
        else:
            return None
        if duration_s > self._limits.duration_s_max:
            raise _too_long(self._limits)
        return duration_s if duration_s > 0 else None

    def _size(self) -> tuple[int, int]:
        for _, frame in self._decoded():
            height, width = self._pixels(frame).shape[:2]
            return width, height
        raise NoFramesError("The video has no pictures in it.")

    def _from(self, start_s: float) -> "Iterator[tuple[float, VideoFrame]]":
        """Decode from the last whole picture at or before a moment on."""
        self._stream = self._reopen()
        if start_s > 0 and self._seek(start_s):
            frames = self._decoded()
            first = next(frames, None)
            if first is not None and is_due(start_s, first[0]):
                yield first
                yield from frames
                return
            self._stream = self._reopen()  # the index of the file leads astray
        yield from self._decoded()

    def _seek(self, start_s: float) -> bool:
        """Go there, and say whether that worked."""
        offset = round(start_s * _MICRO) + (self._opened().start_time or 0)
        try:
            self._opened().seek(offset, backward=True)
        except (self._av.FFmpegError, OverflowError):
            self._stream = self._reopen()
            return False
        return True

    def _decoded(self) -> "Iterator[tuple[float, VideoFrame]]":
        start_s = (self._opened().start_time or 0) / _MICRO
        moment_s = 0.0
        packets = self._opened().demux(self._stream)
        while True:
            with self._errors_translated(moment_s):
                packet = next(packets, None)
                frames = [] if packet is None else packet.decode()
            if packet is None:
                break
            self._count_packet()
            for frame in frames:
                moment_s = max(moment_s, self._moment(frame, moment_s, start_s))
                if moment_s > self._limits.duration_s_max:
                    raise _too_long(self._limits)
                yield moment_s, frame
        if self._is_cut_off:
            raise _cut_off(moment_s)

    def _count_packet(self) -> None:
        """Give up on a stream whose time does not go on."""
        self._packets += 1
        if self._packets > self._limits.duration_s_max * _FRAMES_PER_S_MAX + 1:
            raise _too_long(self._limits)

    def _moment(self, frame: "VideoFrame", before_s: float, start_s: float) -> float:
        if frame.pts is None or frame.time_base is None:
            return before_s + 1 / self.frame_rate
        return float(frame.pts * frame.time_base) - start_s

    def _pixels(self, frame: "VideoFrame") -> PixelsHwc:
        """Return a picture in RGB, upright, with square pixels, and of one size with the first."""
        _check_pixels(frame.width, frame.height, self._limits)
        if self._first_wh is None:
            aspect = self._stream.sample_aspect_ratio
            self._first_wh = _square(frame.width, frame.height, aspect)
            _check_pixels(*self._first_wh, self._limits)
        width, height = self._first_wh
        rgb = frame.reformat(width=width, height=height, format="rgb24", threads=1).to_ndarray()
        return upright(np.asarray(rgb, dtype=np.uint8), self._matrix_of(frame))

    def _matrix_of(self, frame: "VideoFrame") -> bytes | None:
        """Return how a picture is turned, reading it anew only where that has changed.

        A frame whose side data was read is in a cycle with it, and stays in memory until Python
        looks for cycles: hundreds of frames later.
        """
        if self._turn is None or self._turn[0] != frame.rotation:
            self._turn = frame.rotation, _matrix(frame)
        return self._turn[1]

    def _opened(self) -> "InputContainer":
        if self._container is None:
            raise ValueError("expected an open video, got one that was closed")
        return self._container

    @contextmanager
    def _errors_translated(self, moment_s: float | None) -> Iterator[None]:
        try:
            yield
        except self._av.FFmpegError as error:
            if self._is_cut_off:
                raise _cut_off(moment_s) from error
            raise _damaged(moment_s) from error


def _regular_file(path: Path) -> BinaryIO:
    """Open a file that has an end, which pipes and devices have not."""
    file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise NotAVideoError("This is not a file.")
    return file


def _open_nothing_else(*_: Any) -> Any:
    raise PermissionError("a video has no business with other files")


def _check_size(size: int, limits: VideoLimits) -> None:
    if size > limits.bytes_max:
        raise TooManyBytesError(f"The video has {size:,} bytes; the limit is {limits.bytes_max:,}.")


def _check_pixels(width: int, height: int, limits: VideoLimits) -> None:
    if width * height > limits.pixels_max:
        raise TooManyPixelsError(
            f"The video is {width} x {height} pixels large; the limit is "
            f"{limits.pixels_max:,} pixels."
        )


def _picture_stream(container: "InputContainer") -> "VideoStream":
    """Return the first video stream that is not the cover of a piece of music."""
    av = need_library()
    covers = av.stream.Disposition.attached_pic
    streams = [each for each in container.streams.video if not each.disposition & covers]
    if not streams:
        raise NoVideoStreamError("The file has no moving pictures in it.")
    if (name := _codec_name(streams[0])) not in _CODECS:
        raise NotAVideoError(f"The video is coded in a way that is not read here: {name}.")
    return streams[0]


def _codec_name(stream: "VideoStream") -> str:
    # A stream that FFmpeg has no decoder for comes without a context.
    context: Any = stream.codec_context
    return context.codec.name if context is not None else "unknown"


def _square(width: int, height: int, aspect: Fraction | None) -> tuple[int, int]:
    """Return the size of a picture whose pixels are not square once they are."""
    if not aspect or aspect == 1 or not 1 / _ASPECT_MAX <= aspect <= _ASPECT_MAX:
        return width, height
    if aspect > 1:
        return max(1, round(width * aspect)), height
    return width, max(1, round(height / aspect))


def _matrix(frame: "VideoFrame") -> bytes | None:
    data: Any = frame.side_data  # a mapping, whatever its annotation says
    return bytes(data["DISPLAYMATRIX"]) if "DISPLAYMATRIX" in data else None


def _too_long(limits: VideoLimits) -> VideoError:
    return TooLongError(f"The video lasts longer than the limit of {_span(limits.duration_s_max)}.")


def _span(seconds: float) -> str:
    minutes = seconds / 60
    return f"{minutes:g} minutes" if seconds >= 120 else f"{seconds:g} s"  # noqa: PLR2004


def _damaged(moment_s: float | None) -> VideoError:
    if moment_s is None:
        return DamagedVideoError("The video is damaged: its beginning cannot be read.")
    return DamagedVideoError(f"The video is damaged at {moment_s:.1f} s.")


def _cut_off(moment_s: float | None) -> VideoError:
    if moment_s is None:
        return DamagedVideoError("The video is cut off, and its index is missing.")
    return DamagedVideoError(f"The video is cut off after {moment_s:.1f} s.")
