"""Videos that tests make: something that moves, at times that are known."""

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from videos import Frame, PixelsHwc, write_video

SIZE_WH = (160, 120)
Drawing = Callable[[float], PixelsHwc]


def moving_square(moment_s: float, size_wh: tuple[int, int] = SIZE_WH) -> PixelsHwc:
    """Return a grey picture with a white square, 20 pixels a side, 20 pixels further each second.

    It is there from second 1 on.
    """
    width, height = size_wh
    pixels = np.full((height, width, 3), 60, np.uint8)
    if moment_s >= 1:
        left = int(20 * moment_s) % (width - 20)
        pixels[40:60, left : left + 20] = 255
    return pixels


def drawn(duration_s: float, rate: float = 10.0, draw: Drawing = moving_square) -> Iterator[Frame]:
    """Yield the frames of a drawing."""
    for index in range(round(duration_s * rate)):
        yield Frame(index / rate, draw(index / rate))


def write_mp4(
    path: Path, duration_s: float = 3.0, rate: float = 10.0, draw: Drawing = moving_square
) -> Path:
    """Write a drawing as an MP4 file, and return its path."""
    height, width = draw(0.0).shape[:2]
    write_video(path, drawn(duration_s, rate, draw), rate, (width, height))
    return path


def write_webm(
    path: Path,
    frames: Iterable[Frame] | None = None,
    *,
    codec: str = "libvpx",
    live: bool = False,
) -> Path:
    """Write frames as a WebM file, and return its path.

    Args:
        path: Where to.
        frames: By default three seconds of the moving square.
        codec: libvpx is VP8, libvpx-vp9 is VP9.
        live: Leave out how long it is, as browsers that record do.
    """
    options = {"live": "1"} if live else {}
    with av.open(str(path), "w", format="webm", options=options) as container:
        stream = container.add_stream(codec, rate=10)
        assert isinstance(stream, av.VideoStream)
        stream.pix_fmt, stream.time_base = "yuv420p", Fraction(1, 1000)
        for frame in drawn(3.0) if frames is None else frames:
            if not stream.codec_context.is_open:
                stream.height, stream.width = frame.pixels.shape[:2]
            picture = av.VideoFrame.from_ndarray(frame.pixels, format="rgb24")
            picture.pts, picture.time_base = round(frame.moment_s * 1000), Fraction(1, 1000)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return path


def write_sound(path: Path, seconds: float = 1.0) -> Path:
    """Write an MP4 file of silence alone, and return its path."""
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=8000)
        assert isinstance(stream, av.AudioStream)
        silence = np.zeros((1, int(8000 * seconds)), np.float32)
        frame = av.AudioFrame.from_ndarray(silence, format="fltp", layout="mono")
        frame.sample_rate, frame.pts = 8000, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
