"""Videos as pictures at their moments."""

from pathlib import Path

import pytest

from sightline.exceptions import PictureFailedError
from sightline.footage import Footage
from sightline.sources import Source
from tests.videos import write_mp4, write_webm
from videos import VideoLimits

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def program(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the process that decodes finds its program."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


@pytest.fixture
def clip(tmp_path: Path) -> Source:
    """Three seconds, ten frames each."""
    return Source(str(write_mp4(tmp_path / "clip.mp4")), 1, 1, "video")


@pytest.mark.parametrize(
    ("limits", "kind"),
    [
        (VideoLimits(bytes_max=100), "too_large"),
        (VideoLimits(duration_s_max=2.0), "too_long"),
        (VideoLimits(pixels_max=100), "too_large"),
    ],
)
def test_a_video_beyond_the_limits_is_refused(clip: Source, limits: VideoLimits, kind: str) -> None:
    """With a kind for programs and the sentence of whoever decodes."""
    with pytest.raises(PictureFailedError, match="limit") as caught:
        list(Footage(limits=limits).frames(clip))

    assert caught.value.kind == kind


@pytest.mark.parametrize(
    ("footage", "count"),
    [
        (Footage(), 3),
        (Footage(every_s=0.5), 6),
        (Footage(every_s=0.0), 30),
        (Footage(every_s=0.01), 30),
        (Footage(from_s=1.0, to_s=2.0, every_s=0.5), 2),
    ],
)
def test_frames_can_be_counted_before_they_are_decoded(
    clip: Source, footage: Footage, count: int
) -> None:
    """So that a bar knows where it ends."""
    assert footage.count(clip) == count == len(list(footage.frames(clip)))


def test_a_recording_that_does_not_say_how_long_it_is_is_not_counted(tmp_path: Path) -> None:
    """As browsers write them."""
    path = write_webm(tmp_path / "live.webm", live=True)

    assert Footage().count(Source(str(path), 1, 1, "video")) is None
