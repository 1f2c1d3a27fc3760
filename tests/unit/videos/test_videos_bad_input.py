"""Files that are no videos, broken ones, and ones that never end."""

import os
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import av
import numpy as np
import pytest

from tests.videos import moving_square, write_mp4, write_sound, write_webm
from videos import (
    DamagedVideoError,
    DecoderBounds,
    DecoderError,
    Frame,
    IsolatedVideo,
    NoFramesError,
    NotAVideoError,
    NoVideoStreamError,
    TooLongError,
    TooManyBytesError,
    TooManyPixelsError,
    VideoError,
    VideoLimits,
    open_video,
    write_video,
)


def without_frames(path: Path) -> Path:
    """An MP4 file with a video stream in it, and no picture."""
    with av.open(str(path), "w", format="mp4", options={"movflags": "+empty_moov"}) as container:
        stream = container.add_stream("mpeg4", rate=10)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        container.start_encoding()
    return path


def an_hour_apart(path: Path) -> Path:
    """A video whose ten pictures are an hour apart, which says it lasts a second."""
    # How long each picture is shown, and how many milliseconds of that there are.
    return patched(path, {(b"stts", 16): 90_000 * 3600, (b"elst", 12): 36_000_000})


def ten_hours(path: Path) -> Path:
    """The same, which says so."""
    patched(an_hour_apart(path), {(b"mdhd", 20): 90_000 * 36_000, (b"mvhd", 20): 36_000_000})
    return path


def patched(path: Path, numbers: dict[tuple[bytes, int], int]) -> Path:
    """Write numbers into the boxes of a video of a second, each some bytes behind a name."""
    data = bytearray((path if path.exists() else write_mp4(path, 1.0)).read_bytes())
    for (box, place), value in numbers.items():
        at = data.index(box) + place
        data[at : at + 4] = struct.pack(">I", value)
    path.write_bytes(bytes(data))
    return path


def huge(path: Path) -> Path:
    """A video that says its pictures are 60,000 pixels wide and high."""
    data = bytearray(write_mp4(path, 0.3).read_bytes())
    at = data.index(b"avc1") + 4 + 24
    data[at : at + 4] = struct.pack(">HH", 60_000, 60_000)
    path.write_bytes(bytes(data))
    return path


def text(path: Path) -> Path:
    path.write_text("This is a letter.\n" * 100)
    return path


def playlist(path: Path) -> Path:
    path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n")
    return path


def empty(path: Path) -> Path:
    path.write_bytes(b"")
    return path


def head_alone(path: Path) -> Path:
    path.write_bytes(write_mp4(path).read_bytes()[:80])
    return path


@pytest.mark.parametrize(
    ("write", "kind", "sentence"),
    [
        (empty, NotAVideoError, "The file is empty."),
        (text, NotAVideoError, "not an MP4, WebM or QuickTime video"),
        (playlist, NotAVideoError, "not an MP4, WebM or QuickTime video"),
        (write_sound, NoVideoStreamError, "no moving pictures"),
        (without_frames, NoFramesError, "no pictures in it"),
        (ten_hours, TooLongError, "longer than the limit of 60 minutes"),
        (head_alone, DamagedVideoError, "cut off"),
    ],
)
def test_file_that_is_no_video_is_a_sentence(
    tmp_path: Path, write: Callable[[Path], Path], kind: type[VideoError], sentence: str
) -> None:
    """What is wrong is said when the file is opened."""
    path = write(tmp_path / "clip.mp4")

    with pytest.raises(kind, match=sentence):
        open_video(path)


@pytest.mark.parametrize(
    ("limits", "kind"),
    [
        (VideoLimits(bytes_max=1000), TooManyBytesError),
        (VideoLimits(pixels_max=160 * 120 - 1), TooManyPixelsError),
        (VideoLimits(duration_s_max=2.9), TooLongError),
    ],
)
def test_limits_hold(tmp_path: Path, limits: VideoLimits, kind: type[VideoError]) -> None:
    """What is beyond a limit is refused, and what is just within is not."""
    path = write_mp4(tmp_path / "clip.mp4")

    with pytest.raises(kind, match="limit"):
        open_video(path, limits)
    open_video(path, VideoLimits(path.stat().st_size, 3.0, 160 * 120)).close()


def test_length_is_counted_where_the_file_hides_it(tmp_path: Path) -> None:
    """A recording that says no length ends at the limit, with what came before."""
    path = write_webm(tmp_path / "clip.webm", live=True)
    moments: list[float] = []

    with (
        open_video(path, VideoLimits(duration_s_max=1.5)) as video,
        pytest.raises(TooLongError),
    ):
        moments.extend(frame.moment_s for frame in video.frames(every_s=0.5))

    assert video.duration_s is None


def test_header_that_makes_a_video_shorter_is_not_believed(tmp_path: Path) -> None:
    """What comes after the limit is not looked at, whatever the header says."""
    with open_video(an_hour_apart(tmp_path / "clip.mp4")) as video:
        frames = video.frames()
        assert next(frames).moment_s == 0.0
        with pytest.raises(TooLongError):
            list(frames)

    assert video.duration_s == 1.0


def test_time_that_stands_still_comes_to_an_end(tmp_path: Path) -> None:
    """More pictures than any camera takes in the time allowed are too many."""
    frames = (Frame(index / 1000, moving_square(0.0, (32, 32))) for index in range(150))
    path = tmp_path / "clip.mp4"
    write_video(path, frames, 100.0, (32, 32))

    with open_video(path, VideoLimits(duration_s_max=0.5)) as video, pytest.raises(TooLongError):
        list(video.frames())


def test_damage_is_said_with_its_moment(tmp_path: Path) -> None:
    """The pictures before the place where a file is cut off are given."""
    path = write_mp4(tmp_path / "clip.mp4", 20.0)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])

    with open_video(path) as video:
        frames = video.frames(every_s=1.0)
        given = [next(frames).moment_s for _ in range(3)]
        with pytest.raises(DamagedVideoError, match=r"cut off after \d+\.\d s"):
            list(frames)

    assert given == [0.0, 1.0, 2.0]


def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    """A pipe that nobody writes to, a device and a folder keep nobody waiting."""
    pipe = tmp_path / "pipe.mp4"
    os.mkfifo(pipe)

    for path in (pipe, Path("/dev/zero"), tmp_path):
        with pytest.raises((NotAVideoError, IsADirectoryError)):
            open_video(path)


def test_header_with_huge_pictures_takes_no_memory(tmp_path: Path) -> None:
    """A file that announces pictures of gigabytes is an error, in bounded memory."""
    path = huge(tmp_path / "clip.mp4")
    bounds = DecoderBounds(memory_bytes_max=500_000_000)
    shapes = {(120, 160, 3)}

    with suppress(VideoError), IsolatedVideo(path, VideoLimits(), bounds) as video:
        shapes = {frame.pixels.shape for frame in video.frames()}

    assert shapes == {(120, 160, 3)}  # where the stream itself knows better than the header


def test_isolated_video_gives_the_same_pictures(tmp_path: Path) -> None:
    """Decoding in another process changes nothing."""
    path = write_mp4(tmp_path / "clip.mp4")
    with open_video(path) as video:
        expected = list(video.frames(0.5, 1.0))

    with IsolatedVideo(path, VideoLimits(), DecoderBounds(), every_s=0.5, from_s=1.0) as isolated:
        frames = list(isolated.frames())

    assert isolated.size_wh == (160, 120)
    assert [frame.moment_s for frame in frames] == [frame.moment_s for frame in expected]
    for one, other in zip(frames, expected, strict=True):
        assert np.array_equal(one.pixels, other.pixels)


def test_decoder_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A decoder without a sign of life is ended, and the sentence says where."""
    (tmp_path / "av").mkdir()
    (tmp_path / "av" / "__init__.py").write_text("import time; time.sleep(600)")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), str(Path.cwd())]))

    with pytest.raises(DecoderError, match=r"got stuck at 0\.0 s of the video"):
        IsolatedVideo(tmp_path / "clip.mp4", VideoLimits(), DecoderBounds(stall_s=2.0))


def test_failed_writing_leaves_nothing(tmp_path: Path) -> None:
    """An error midway, or no picture at all, leaves what was there before."""
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"before")

    def breaks() -> "list[Frame]":
        raise OSError

    with pytest.raises(NoFramesError):
        write_video(path, [], 10.0, (160, 120))
    with pytest.raises(OSError):  # noqa: PT011  any will do
        write_video(path, (frame for frame in breaks()), 10.0, (160, 120))
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [
        ("clip.mp4", b"before")
    ]
