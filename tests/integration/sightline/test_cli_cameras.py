"""The command line on a camera; a fake one, at the seam where a real one is opened."""

import itertools
import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from sightline.exceptions import CameraError
from tests.integration.sightline.command import Sightline
from tests.integration.sightline.rtsp_camera import RtspCamera
from vision import ImageHwc, decode_picture
from webapp.testing import RunningSite

WIDTH, HEIGHT = 80, 60


class FakeFeed:
    """A camera that sends a picture whenever it is read, and counts them.

    Args:
        after: Called before each picture with the number of those sent.
    """

    def __init__(self, after: Callable[[int], object] = lambda _: None) -> None:
        self.sent = 0
        self.opened: list[str] = []
        self.is_closed = threading.Event()
        self._after = after
        self._pause = threading.Event()

    def __call__(self, word: str) -> "FakeFeed":
        self.opened.append(word)
        return self

    def read(self) -> ImageHwc:
        self._after(self.sent)
        self._pause.wait(0.01)  # a hundred a second
        self.sent += 1
        return np.full((HEIGHT, WIDTH, 3), 90, np.uint8)

    def close(self) -> None:
        self.is_closed.set()


@pytest.fixture
def feed() -> Iterator[FakeFeed]:
    """One that is closed by whoever opened it."""
    feed = FakeFeed()
    yield feed
    assert feed.is_closed.wait(30)


def test_so_many_frames_are_looked_at(sightline: Sightline, feed: FakeFeed) -> None:
    """In order, each with its moment; what came meanwhile is counted and told."""
    said = sightline("detect", "camera:0", "--frames", "4", "--format", "jsonl", opener=feed)

    moments = [line["moment_s"] for line in said.lines]
    assert said.status == 0
    assert feed.opened == ["camera:0"]
    assert moments[0] == 0
    assert moments == sorted(moments)
    assert [line["file"] for line in said.lines] == ["camera:0"] * 4
    assert [line["detections"][0]["label"] for line in said.lines] == ["dog"] * 4
    assert said.err.startswith("4 frames: 4 done, none failed")


def test_frames_add_up(sightline: Sightline, feed: FakeFeed) -> None:
    """What the camera sent was looked at or dropped; at most one came too late for either."""
    said = sightline("detect", "camera:0", "--frames", "5", "--json", opener=feed)

    summary = json.loads(said.err)["summary"]
    assert summary["done"] == summary["frames"] == 5
    assert feed.sent - summary["done"] - summary["dropped"] in {0, 1}


def test_a_camera_is_watched_for_some_seconds(sightline: Sightline, feed: FakeFeed) -> None:
    """And no moment is later."""
    said = sightline(
        "detect", "camera:0", "--seconds", "0.3", "--every", "0.1", "--format", "jsonl", opener=feed
    )

    moments = [line["moment_s"] for line in said.lines]
    assert said.status == 0
    assert max(moments) < 0.3
    assert all(later - sooner >= 0.099 for sooner, later in itertools.pairwise(moments))


def test_ctrl_c_ends_in_order(sightline: Sightline, tmp_path: Path) -> None:
    """The output is whole, with what was found until then, and the exit status is 0."""

    def press(sent: int) -> None:
        if sent == 20:
            os.kill(os.getpid(), signal.SIGINT)

    feed = FakeFeed(press)
    words = ("detect", "camera:0", "--format", "coco", "--output", "o.json")

    said = sightline(*words, opener=feed)

    coco = json.loads((tmp_path / "o.json").read_text())
    assert said.status == 0
    assert len(coco["images"]) == len(coco["annotations"]) >= 1
    assert coco["images"][0]["file_name"] == "camera:0#t=0.000"
    assert feed.is_closed.wait(30)


def test_a_camera_that_is_unplugged_is_told_at_the_end(
    sightline: Sightline, tmp_path: Path
) -> None:
    """After its frames; the output has them."""

    def unplug(sent: int) -> None:
        if sent == 10:
            raise CameraError("camera:0 cannot be read: No such device.", "unreadable")

    said = sightline(
        "detect", "camera:0", "--format", "jsonl", "--output", "o", opener=FakeFeed(unplug)
    )

    assert said.status == 1
    assert "camera:0: camera:0 cannot be read: No such device." in said.err
    assert len((tmp_path / "o").read_text().splitlines()) >= 1


def test_frames_that_were_looked_at_are_drawn(sightline: Sightline, feed: FakeFeed) -> None:
    """As pictures, whose names hold no password."""
    said = sightline(
        "detect", "rtsp://me:secret@door.example/1", "--frames", "1", "--annotated", "drawn",
        "--format", "jsonl", opener=feed,
    )  # fmt: skip

    (drawn,) = Path("drawn").iterdir()
    assert drawn.name == "rtsp-door.example-1#t=0.000.jpg"
    assert np.ptp(decode_picture(drawn.read_bytes()).image_hwc) > 50
    assert said.lines[0]["file"] == "rtsp://door.example/1"
    assert "secret" not in said.out + said.err


def test_frames_go_to_a_running_sightline(
    sightline: Sightline, feed: FakeFeed, site: RunningSite
) -> None:
    """It keeps each as a result."""
    said = sightline(
        "detect", "camera:0", "--frames", "2", "--server", site.url, "--format", "jsonl",
        opener=feed,
    )  # fmt: skip

    assert said.status == 0
    assert len({line["id"] for line in said.lines}) == 2


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["camera:0", "a.jpg"], "A camera is watched alone; leave out all but camera:0."),
        (["camera:0", "camera:1"], "A camera is watched alone; leave out all but camera:0."),
        (["camera:0", "--resume", "j"], "--resume is for files, not for a camera."),
        (["camera:0", "--from", "1"], "--from is for files, not for a camera."),
        (["camera:0", "--only", "videos"], "--only is for files, not for a camera."),
        (["a.jpg", "--frames", "1"], "--frames is for a camera, not for files."),
        (["a.jpg", "--seconds", "1"], "--seconds is for a camera, not for files."),
        (["camera:/dev/video97"], "There is no camera at /dev/video97."),
        (["camera:/dev/null"], "camera:/dev/null is no camera."),
        (["camera:front"], "'camera:front' is no camera; expected camera:0 or camera:/dev/video0."),
    ],
)
def test_a_command_that_makes_no_sense_is_one_sentence(
    sightline: Sightline, tmp_path: Path, words: list[str], sentence: str
) -> None:
    """Exit status 2, and nothing is begun."""
    said = sightline("detect", *words, "--output", "o")

    assert (said.status, said.out) == (2, "")
    assert said.err.startswith(f"sightline: {sentence}")
    assert len(said.err.splitlines()) == 1
    assert not [path for path in tmp_path.iterdir() if path.name in {"j", "o"}]


def test_a_camera_of_a_network_is_watched(sightline: Sightline) -> None:
    """Really, over RTSP."""
    with RtspCamera() as camera:
        said = sightline("detect", camera.url, "--frames", "3", "--format", "jsonl")

    assert (said.status, len(said.lines)) == (0, 3)
    assert {(line["width"], line["height"]) for line in said.lines} == {(160, 120)}
    assert camera.asked[-3:] == ["DESCRIBE", "SETUP", "PLAY"]


def test_a_camera_of_a_network_that_hangs_up_is_told(sightline: Sightline) -> None:
    """After what it had shown."""
    with RtspCamera(pictures=20) as camera:
        said = sightline("detect", camera.url, "--format", "jsonl")

    assert said.status == 1
    assert "The camera has ended its pictures." in said.err
