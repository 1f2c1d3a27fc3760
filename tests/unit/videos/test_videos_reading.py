"""Opening videos: the right pictures at the right moments."""

import struct
from pathlib import Path

import numpy as np
import pytest

from tests.videos import moving_square, write_mp4, write_webm
from videos import Frame, VideoFormat, open_video, write_video

UPRIGHT = struct.pack(">9i", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
QUARTER_TURNS = {
    90: struct.pack(">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30),
    180: struct.pack(">9i", -(1 << 16), 0, 0, 0, -(1 << 16), 0, 0, 0, 1 << 30),
    270: struct.pack(">9i", 0, -(1 << 16), 0, 1 << 16, 0, 0, 0, 0, 1 << 30),
}


def left_of_square(pixels: np.ndarray) -> int | None:
    """Return where the white square begins; None where there is none."""
    columns = np.flatnonzero((pixels[45:55, :, 1] > 200).all(axis=0))
    return int(columns[0]) if len(columns) else None


@pytest.mark.parametrize("ending", [".mp4", ".webm"])
def test_pictures_come_at_their_moments(tmp_path: Path, ending: str) -> None:
    """What is on a sampled picture is what was drawn at its moment."""
    path = tmp_path / f"clip{ending}"
    (write_mp4 if ending == ".mp4" else write_webm)(path)

    with open_video(path) as video:
        frames = list(video.frames(every_s=0.5))

    assert (video.size_wh, video.duration_s, video.frame_rate) == ((160, 120), 3.0, 10.0)
    assert [frame.moment_s for frame in frames] == [0.0, 0.5, 1.0, 1.5, 2.0, 2.5]
    assert [left_of_square(frame.pixels) is not None for frame in frames] == [False] * 2 + [
        True
    ] * 4
    for frame in frames[2:]:
        assert abs((left_of_square(frame.pixels) or 0) - 20 * frame.moment_s) <= 2


def test_every_picture_without_a_step(tmp_path: Path) -> None:
    """Without a step all pictures come, in order."""
    with open_video(write_mp4(tmp_path / "clip.mp4", 1.0)) as video:
        moments = [frame.moment_s for frame in video.frames()]

    assert moments == pytest.approx([index / 10 for index in range(10)])


@pytest.mark.parametrize("from_s", [0.0, 0.2, 0.61, 1.0, 2.99, 3.5])
@pytest.mark.parametrize("every_s", [None, 0.2, 0.35])
def test_going_on_later_gives_the_same_pictures(
    tmp_path: Path, from_s: float, every_s: float | None
) -> None:
    """A video that is read from somewhere on gives what reading all of it gives from there on."""
    path = write_webm(tmp_path / "clip.webm", codec="libvpx-vp9")
    with open_video(path) as video:
        whole = [frame.moment_s for frame in video.frames(every_s)]

    with open_video(path) as video:
        later = [frame.moment_s for frame in video.frames(every_s, from_s)]

    assert later == [moment for moment in whole if moment >= from_s]


def test_time_counts_and_not_pictures(tmp_path: Path) -> None:
    """With a frame rate that varies, pictures are taken by their moments."""
    moments = [0.0, 0.04, 0.08, 0.9, 1.7, 1.74, 1.78, 1.82, 4.0]
    frames = (Frame(moment, moving_square(moment)) for moment in moments)
    path = write_webm(tmp_path / "clip.webm", frames)

    with open_video(path) as video:
        taken = [round(frame.moment_s, 3) for frame in video.frames(every_s=0.5)]

    assert taken == [0.0, 0.9, 1.7, 4.0]


def test_recording_without_a_duration(tmp_path: Path) -> None:
    """What a browser recorded does not say how long it is, and is read to its end."""
    path = write_webm(tmp_path / "clip.webm", live=True)

    with open_video(path) as video:
        moments = [frame.moment_s for frame in video.frames(every_s=1.0)]

    assert video.duration_s is None
    assert moments == [0.0, 1.0, 2.0]


@pytest.mark.parametrize("degrees", sorted(QUARTER_TURNS))
def test_telephones_held_upright(tmp_path: Path, degrees: int) -> None:
    """A video that is stored lying down is shown, and measured, the way it was filmed."""
    path = write_mp4(tmp_path / "clip.mp4", 0.3, draw=lambda _: moving_square(2.0))
    data = path.read_bytes()
    place = data.index(UPRIGHT, data.index(b"tkhd"))
    path.write_bytes(data[:place] + QUARTER_TURNS[degrees] + data[place + len(UPRIGHT) :])

    with open_video(path) as video:
        pixels = next(iter(video.frames())).pixels

    expected = np.rot90(moving_square(2.0), -degrees // 90)
    assert video.size_wh == (expected.shape[1], expected.shape[0])
    assert np.abs(pixels.astype(int) - expected).mean() < 5
    assert pixels.flags.c_contiguous


def test_written_video_keeps_moments(tmp_path: Path) -> None:
    """Pictures are written at their moments, whatever their rate, and odd sizes become even."""
    moments = [0.0, 0.5, 0.6, 2.0]
    path = tmp_path / "clip.mp4"
    frames = [Frame(moment, moving_square(moment, (161, 121))) for moment in moments]

    count = write_video(path, iter(frames), 10.0, (161, 121))

    with open_video(path) as video:
        assert [round(frame.moment_s, 3) for frame in video.frames()] == moments
    assert (count, video.size_wh, video.format) == (4, (160, 120), VideoFormat.MP4)
    assert list(tmp_path.iterdir()) == [path]
