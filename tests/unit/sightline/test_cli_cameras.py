"""Cameras: the newest frame, never a queue, and an end in order."""

import errno
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from sightline import camera_feed, cameras
from sightline.camera_feed import AvFeed
from sightline.cameras import Camera, Watch, ended_by_ctrl_c
from sightline.exceptions import CameraError
from sightline.sources import Failure
from sightline.stills import Frame
from tests.videos import write_mp4, write_sound
from vision import ImageHwc

WAIT_S = 30.0


class Clock:
    """Stands still until it is set."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


class FakeFeed:
    """A camera that sends what the test gives it, when it gives it."""

    def __init__(self) -> None:
        self.is_closed = threading.Event()
        self._sent: queue.Queue[ImageHwc | CameraError] = queue.Queue()
        self._waits = threading.Semaphore(0)

    def read(self) -> ImageHwc:
        self._waits.release()
        sent = self._sent.get(timeout=WAIT_S)
        if isinstance(sent, CameraError):
            raise sent
        return sent

    def close(self) -> None:
        self.is_closed.set()

    def send(self, *shades: int) -> None:
        """Send pictures of these shades of grey, and wait until the last one has arrived."""
        for shade in shades:
            assert self._waits.acquire(timeout=WAIT_S)
            self._sent.put(np.full((4, 6, 3), shade, np.uint8))
        assert self._waits.acquire(timeout=WAIT_S)
        self._waits.release()

    def fail(self) -> None:
        self._sent.put(CameraError("It was unplugged.", "unreadable"))


def shade(item: Frame | Failure) -> int:
    assert isinstance(item, Frame)
    return int(item.image_hwc[0, 0, 0])


@pytest.fixture
def feed(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeFeed]:
    """A camera that is unplugged at the end, so that nobody waits for it."""
    monkeypatch.setattr(cameras, "_FAREWELL_S", 0.0)
    feed = FakeFeed()
    yield feed
    feed.fail()
    assert feed.is_closed.wait(WAIT_S)


def test_what_nobody_had_time_for_is_dropped_and_counted(feed: FakeFeed) -> None:
    """Whoever asks gets the newest frame; each one sent was taken or dropped."""
    camera = Camera("camera:0", feed, Watch(frames=3))
    frames = camera.frames()
    threading.Thread(target=feed.send, args=(10,)).start()

    taken = [shade(next(frames))]
    feed.send(20, 30, 40)
    taken.append(shade(next(frames)))
    feed.send(50)
    taken.append(shade(next(frames)))
    rest = list(frames)

    assert taken == [10, 40, 50]
    assert camera.dropped == 2
    assert rest == []


def test_moments_count_from_the_first_frame(feed: FakeFeed) -> None:
    """And end after as many seconds as were asked for."""
    clock = Clock()
    camera = Camera("camera:0", feed, Watch(seconds=2.0), clock=clock)
    frames = camera.frames()
    threading.Thread(target=feed.send, args=(1,)).start()

    first = next(frames)
    clock.now_s += 1.5
    feed.send(2)
    second = next(frames)
    clock.now_s += 0.5
    rest = list(frames)

    assert isinstance(first, Frame)
    assert isinstance(second, Frame)
    assert (first.moment_s, second.moment_s, rest) == (0.0, 1.5, [])


def test_frames_between_the_moments_asked_for_are_not_dropped(feed: FakeFeed) -> None:
    """With a pause between frames nobody is too slow for what comes in it."""
    clock = Clock()
    camera = Camera("camera:0", feed, Watch(every_s=1.0, frames=2), clock=clock)
    frames = camera.frames()
    threading.Thread(target=feed.send, args=(1,)).start()

    taken = [shade(next(frames))]
    clock.now_s += 0.5
    feed.send(2, 3)
    clock.now_s += 0.5
    feed.send(4)
    taken.append(shade(next(frames)))

    assert taken == [1, 4]
    assert camera.dropped == 0


def test_a_camera_that_breaks_is_told_after_its_frames(feed: FakeFeed) -> None:
    """What it had sent until then still counts."""
    camera = Camera("camera:0", feed, Watch())
    frames = camera.frames()
    threading.Thread(target=feed.send, args=(1,)).start()

    first = next(frames)
    feed.fail()
    last, *more = list(frames)

    assert shade(first) == 1
    assert last == Failure("camera:0", "unreadable", "It was unplugged.", "camera")
    assert more == []


def test_a_camera_that_sends_nothing_is_given_up(feed: FakeFeed) -> None:
    """After a time, with a sentence."""
    (failure,) = Camera("camera:0", feed, Watch(), silence_s=0.2).frames()

    assert isinstance(failure, Failure)
    assert (failure.kind, failure.sentence) == (
        "silent",
        "The camera has sent no picture for 0.2 s.",
    )


def test_ctrl_c_ends_the_frames_once_and_interrupts_twice(feed: FakeFeed) -> None:
    """The first one ends them in order; the second is for whoever cannot wait."""
    camera = Camera("camera:0", feed, Watch())
    before = signal.getsignal(signal.SIGINT)

    with ended_by_ctrl_c(camera.stop):
        signal.raise_signal(signal.SIGINT)
        frames = list(camera.frames())
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)

    assert frames == []
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize(
    ("word", "kind", "sentence"),
    [
        ("camera:/dev/video98", "missing", "There is no camera at /dev/video98. "),
        ("camera:9998", "missing", "There is no camera at /dev/video9998. "),
        ("camera:/dev/null", "no_camera", "camera:/dev/null is no camera."),
        ("camera:front", "usage", "expected camera:0 or camera:/dev/video0"),
        ("camera:", "usage", "expected camera:0 or camera:/dev/video0"),
    ],
)
def test_a_camera_that_is_not_there_is_one_sentence(word: str, kind: str, sentence: str) -> None:
    """As the system says it."""
    with pytest.raises(CameraError) as caught:
        AvFeed(word)

    assert caught.value.kind == kind
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("number", "kind", "sentence"),
    [
        (errno.EACCES, "not_allowed", "users in the group video usually may"),
        (errno.EBUSY, "in_use", "camera:0 is in use by another program"),
        (errno.EIO, "unreadable", "camera:0 cannot be read: Input/output error."),
    ],
)
def test_a_camera_that_refuses_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, number: int, kind: str, sentence: str
) -> None:
    """It belongs to others, or is broken."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number), "/dev/video0")

    monkeypatch.setattr(av, "open", refuse)

    with pytest.raises(CameraError) as caught:
        AvFeed("camera:0")

    assert caught.value.kind == kind
    assert sentence in str(caught.value)


def test_a_camera_of_a_network_keeps_its_password(free_port: Callable[[], int]) -> None:
    """What does not answer is named without it."""
    place = f"127.0.0.1:{free_port()}/door"

    with pytest.raises(CameraError) as caught:
        AvFeed(f"rtsp://me:secret@{place}")

    assert str(caught.value) == f"rtsp://{place} cannot be read: Connection refused."


def test_cameras_name_what_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """And how to install it."""
    monkeypatch.setitem(sys.modules, "av", None)

    with pytest.raises(CameraError, match=r"pip install 'sightline\[video\]'"):
        AvFeed("camera:0")


def test_pictures_come_as_they_are_decoded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """RGB, one after the other, then that there are no more; here a file stands for the device."""
    monkeypatch.setattr(camera_feed, "_OF_MACHINE", {})
    feed = AvFeed(f"camera:{write_mp4(tmp_path / 'clip.mp4', 2.0, 5.0)}")

    pictures = [feed.read() for _ in range(10)]
    with pytest.raises(CameraError, match="has ended its pictures"):
        feed.read()
    feed.close()

    assert {picture.shape for picture in pictures} == {(120, 160, 3)}
    assert [bool(picture.max() > 200) for picture in pictures] == [False] * 5 + [True] * 5


def test_a_stream_without_pictures_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Sound alone is not enough."""
    monkeypatch.setattr(camera_feed, "_OF_MACHINE", {})

    with pytest.raises(CameraError, match="sends no pictures"):
        AvFeed(f"camera:{write_sound(tmp_path / 'sound.mp4')}")
