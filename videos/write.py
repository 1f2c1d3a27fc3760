"""Pictures to an MP4 file."""

import os
import tempfile
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from videos.exceptions import NoFramesError
from videos.frame import Frame
from videos.library import need_library

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.video.stream import VideoStream

# The best first, each with what makes it quick and good to look at.
_ENCODERS: tuple[tuple[str, dict[str, str]], ...] = (
    ("libx264", {"preset": "veryfast", "crf": "23"}),
    ("libopenh264", {}),
    ("mpeg4", {"qscale": "4"}),
)
_TIME_BASE = Fraction(1, 90_000)


def write_video(
    path: Path, frames: Iterable[Frame], frame_rate: float, size_wh: tuple[int, int]
) -> int:
    """Write pictures to an MP4 file that browsers play, each at its moment.

    H.264 where the installed FFmpeg encodes it, MPEG-4 otherwise. The file is there once it is
    whole: until then it has another name, which goes away if writing fails.

    Args:
        path: Where to; what is there is replaced.
        frames: In order of their moments. They are taken one at a time.
        frame_rate: Pictures a second on average, above 0.
        size_wh: Width and height in pixels. Odd ones become even, as the encoders want it, and
            pictures of another size are scaled.

    Returns:
        How many pictures were written.

    Raises:
        LibraryMissingError: PyAV is not installed.
        NoFramesError: There was no picture.
        OSError: The file cannot be written.
    """
    av = need_library()
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    os.close(handle)
    partial = Path(name)
    try:
        count = _write(av, partial, frames, frame_rate, size_wh)
        partial.chmod(0o644)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return count


def _write(
    av: Any, path: Path, frames: Iterable[Frame], frame_rate: float, size_wh: tuple[int, int]
) -> int:
    # With its index in front a browser can play the file while it still loads.
    options = {"movflags": "+faststart"}
    with av.open(str(path), "w", format="mp4", options=options) as container:
        stream = _stream(av, container, frame_rate, size_wh)
        count, last = 0, -1
        for frame in frames:
            last = max(last + 1, round(frame.moment_s / _TIME_BASE))
            picture = av.VideoFrame.from_ndarray(frame.pixels, format="rgb24")
            picture = picture.reformat(stream.width, stream.height, "yuv420p")
            picture.pts, picture.time_base = last, _TIME_BASE
            container.mux(stream.encode(picture))
            count += 1
        if not count:
            raise NoFramesError("There are no pictures to make a video of.")
        container.mux(stream.encode(None))
    return count


def _stream(
    av: Any, container: "OutputContainer", frame_rate: float, size_wh: tuple[int, int]
) -> "VideoStream":
    encoder, options = next(each for each in _ENCODERS if each[0] in av.codecs_available)
    rate = Fraction(frame_rate).limit_denominator(1001)
    stream = cast("VideoStream", container.add_stream(encoder, rate=rate, options=options))
    stream.width, stream.height = (max(2, side - side % 2) for side in size_wh)
    stream.pix_fmt = "yuv420p"
    stream.time_base = stream.codec_context.time_base = _TIME_BASE
    return stream
