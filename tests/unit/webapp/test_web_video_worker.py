"""The worker that looks at videos, with a model server that sees white squares."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from threading import Thread
from time import monotonic, sleep

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from numpy.typing import NDArray

from serving_client import InvalidArgumentError, UnavailableError
from tests.videos import moving_square, write_mp4, write_sound, write_webm
from videos import open_video
from webapp import Settings
from webapp.services import Services, parts_of
from webapp.testing import Box, FakeModelServer
from webapp.video_worker.worker import VideoWorker
from webapp.videos.video import AnnotationState, StoredVideo, VideoState

DOG = 18


def see_square(pixels: NDArray[np.uint8]) -> Sequence[Box]:
    """Find a white square, in whatever size the picture has."""
    rows, columns = np.nonzero(pixels[:, :, 1] > 200)
    if not len(rows):
        return []
    height, width = pixels.shape[:2]
    box = (rows.min() / height, columns.min() / width, rows.max() / height, columns.max() / width)
    return [Box(DOG, 0.9, box)]


@pytest.fixture
def model_server() -> FakeModelServer:
    server = FakeModelServer([Box(DOG, 0.9)], version=7)
    server.look = see_square
    return server


@pytest.fixture
def parts(app: Flask) -> Services:
    return parts_of(app)


@pytest.fixture
def keep(web: FlaskClient, parts: Services) -> Callable[..., StoredVideo]:
    """A function that sends a file as a video, and returns what is kept of it."""

    def send(path: Path, name: str = "clip.mp4") -> StoredVideo:
        form = {"video": (BytesIO(path.read_bytes()), name)}
        headers = {"Accept": "application/json"}
        answer = web.post("/videos", data=form, content_type="multipart/form-data", headers=headers)
        assert answer.status_code == 201, answer.text
        assert answer.json is not None
        return parts.videos.get(answer.json["id"])

    return send


@pytest.fixture
def make_worker(parts: Services, settings: Settings) -> Iterator[Callable[..., VideoWorker]]:
    """A function that makes a worker with other settings."""
    made: list[VideoWorker] = []

    def make(**changes: float) -> VideoWorker:
        made.append(VideoWorker(parts, replace(settings, **changes)))  # type: ignore[arg-type]  # by name
        return made[-1]

    yield make
    for worker in made:
        worker.stop()
        worker.close()


@pytest.fixture
def run(make_worker: Callable[..., VideoWorker]) -> Callable[..., None]:
    """A function that has a worker do all there is to do."""
    return lambda **changes: make_worker(**changes).run(until_idle=True)


def until(condition: Callable[[], object], seconds: float = 30) -> None:
    end_s = monotonic() + seconds
    while not condition():
        assert monotonic() < end_s, "it never came to that"
        sleep(0.02)


@pytest.mark.parametrize("write", [write_mp4, write_webm])
def test_objects_are_found_at_their_times(
    tmp_path: Path,
    keep: Callable[..., StoredVideo],
    run: Callable[..., None],
    parts: Services,
    write: Callable[[Path], Path],
) -> None:
    """Each sampled moment has the object that is there then, in pixels of the video."""
    video = keep(write(tmp_path / "clip"))

    run()

    done, frames = parts.videos.get(video.id), parts.videos.frames(video.id)
    assert (done.state, done.failure_sentence) == (VideoState.DONE, "")
    assert (done.width, done.height, done.duration_s, done.frame_rate) == (160, 120, 3.0, 10.0)
    assert (done.model_version, done.frames_done, done.progress) == (7, 12, 1.0)
    assert done.times is not None
    assert [round(frame.moment_s, 3) for frame in frames] == [
        0.0, 0.3, 0.5, 0.8, 1.0, 1.3, 1.5, 1.8, 2.0, 2.3, 2.5, 2.8
    ]  # fmt: skip
    for frame in frames:
        found = [each.label for each in frame.detections]
        assert found == (["dog"] if frame.moment_s >= 1 else [])
        for dog in frame.detections:
            left, top, right, bottom = dog.xyxy
            assert left == pytest.approx(20 * frame.moment_s, abs=3)
            assert (top, right - left, bottom) == pytest.approx((40, 20, 60), abs=3)


def test_copy_has_boxes_where_objects_are(
    tmp_path: Path, keep: Callable[..., StoredVideo], run: Callable[..., None], parts: Services
) -> None:
    """The copy has every picture of the video, with a coloured line around what was found."""
    video = keep(write_mp4(tmp_path / "clip.mp4"))

    run()

    copy = parts.annotated_videos.find(video.id)
    assert copy is not None
    kept = parts.videos.get(video.id)
    assert (kept.annotation, kept.annotated_bytes) == (AnnotationState.DONE, copy.stat().st_size)
    with open_video(copy) as drawn:
        frames = list(drawn.frames())
    coloured = [bool((np.ptp(frame.pixels.astype(int), axis=2) > 60).any()) for frame in frames]
    assert len(frames) == 30
    # The picture at 0.9 s is as near to the moment with a square as to the one without.
    assert (coloured[:9], coloured[10:]) == ([False] * 9, [True] * 20)


def cut_off(path: Path) -> Path:
    data = write_mp4(path, 20.0).read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
    return path


@pytest.mark.parametrize(
    ("write", "bounds", "sentence"),
    [
        (cut_off, {}, "The video is cut off after "),
        (write_sound, {}, "The file has no moving pictures in it."),
        (write_mp4, {"video_duration_s_max": 1.0}, "The video lasts longer than the limit of 1 s."),
        (write_mp4, {"video_pixels_max": 1000}, "The video is 160 x 120 pixels large; the limit "),
    ],
    ids=["cut off", "sound", "too long", "too large"],
)
def test_video_that_cannot_be_used_fails_with_a_sentence(  # noqa: PLR0917
    tmp_path: Path,
    keep: Callable[..., StoredVideo],
    run: Callable[..., None],
    parts: Services,
    write: Callable[[Path], Path],
    bounds: dict[str, float],
    sentence: str,
) -> None:
    """What is wrong with a file is said, what was found before is kept, the file is, too."""
    video = keep(write(tmp_path / "clip.mp4"))

    run(**bounds)

    failed = parts.videos.get(video.id)
    assert failed.state is VideoState.FAILED
    assert failed.failure_sentence.startswith(sentence)
    assert len(parts.videos.frames(video.id)) == failed.frames_done
    assert parts.originals.path(video.original_name).is_file()
    assert (failed.frames_done > 0) == (write is cut_off)


def test_next_video_gets_its_turn_after_a_bad_one(
    tmp_path: Path, keep: Callable[..., StoredVideo], run: Callable[..., None], parts: Services
) -> None:
    """A video that fails takes nobody along."""
    bad, good = keep(write_sound(tmp_path / "a.mp4")), keep(write_mp4(tmp_path / "b.mp4", 1.0))

    run()

    states = [parts.videos.get(each.id).state for each in (bad, good)]
    assert states == [VideoState.FAILED, VideoState.DONE]


def test_cancelled_video_stops_soon_and_goes_on_where_it_was(
    tmp_path: Path,
    keep: Callable[..., StoredVideo],
    make_worker: Callable[..., VideoWorker],
    parts: Services,
    model_server: FakeModelServer,
) -> None:
    """Cancelling midway keeps what was found; resuming looks at the rest, and at nothing twice."""
    video = keep(write_mp4(tmp_path / "clip.mp4", 20.0))
    looked: list[float] = []

    def look_slowly() -> None:
        looked.append(monotonic())
        sleep(0.1)

    model_server.on_predict = look_slowly
    worker = make_worker(video_calls_max=1)
    thread = Thread(target=worker.run)
    thread.start()
    until(lambda: parts.videos.get(video.id).frames_done >= 8)

    parts.videos.cancel(video.id)

    def is_quiet() -> bool:
        return bool(looked) and monotonic() - looked[-1] > 2

    until(is_quiet)
    stopped = parts.videos.get(video.id)
    assert stopped.state is VideoState.CANCELLED
    assert len(parts.videos.frames(video.id)) == stopped.frames_done < 80
    model_server.on_predict = lambda: None
    parts.videos.resume(video.id)
    until(lambda: parts.videos.get(video.id).state is VideoState.DONE)
    worker.stop()
    thread.join(30)
    moments = [frame.moment_s for frame in parts.videos.frames(video.id)]
    assert len(moments) == 80
    assert moments == sorted(set(moments))


def test_worker_waits_for_a_model_server_that_is_away(
    tmp_path: Path,
    keep: Callable[..., StoredVideo],
    make_worker: Callable[..., VideoWorker],
    parts: Services,
    model_server: FakeModelServer,
) -> None:
    """While nobody answers, the video says so and waits; then it goes on by itself."""
    video = keep(write_mp4(tmp_path / "clip.mp4", 1.0))
    model_server.failure = UnavailableError
    worker = make_worker()
    thread = Thread(target=lambda: worker.run(until_idle=True))
    thread.start()

    until(lambda: parts.videos.get(video.id).message)

    waiting = parts.videos.get(video.id)
    assert waiting.state is VideoState.RUNNING
    assert waiting.message.startswith("The model server cannot be reached at the moment.")
    model_server.failure = None
    thread.join(60)
    done = parts.videos.get(video.id)
    assert (done.state, done.message, done.frames_done) == (VideoState.DONE, "", 4)


def test_model_that_fails_fails_the_video(
    tmp_path: Path,
    keep: Callable[..., StoredVideo],
    run: Callable[..., None],
    parts: Services,
    model_server: FakeModelServer,
) -> None:
    """What asking again would not help is said at once."""
    video = keep(write_mp4(tmp_path / "clip.mp4", 1.0))
    model_server.failure = InvalidArgumentError

    run()

    failed = parts.videos.get(video.id)
    assert failed.state is VideoState.FAILED
    assert "do not fit together" in failed.failure_sentence


def test_deleted_video_leaves_no_file(
    tmp_path: Path,
    keep: Callable[..., StoredVideo],
    run: Callable[..., None],
    parts: Services,
    files: Callable[[], list[Path]],
) -> None:
    """Original and copy go with the video."""
    video = keep(write_mp4(tmp_path / "clip.mp4", 1.0))
    run()
    assert len(files()) == 2

    parts.video_remover.remove(video.id, actor="anna")

    assert files() == []


def test_decoder_that_breaks_down_fails_the_video_in_the_end(
    tmp_path: Path,
    keep: Callable[..., StoredVideo],
    run: Callable[..., None],
    parts: Services,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A decoder that dies of a video is tried again some times, and then no more."""
    crasher = tmp_path / "crasher"
    (crasher / "av").mkdir(parents=True)
    started = tmp_path / "started"
    lines = f"open({str(started)!r}, 'a').write('x')\nimport os; os.abort()\n"
    (crasher / "av" / "__init__.py").write_text(lines)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(crasher), str(Path.cwd())]))
    video = keep(write_mp4(tmp_path / "clip.mp4", 1.0))

    run(video_attempts_max=2)

    failed = parts.videos.get(video.id)
    assert failed.state is VideoState.FAILED
    assert failed.failure_sentence == ("The decoder broke down at 0.0 s of the video (SIGABRT).")
    assert started.read_text() == "xx"


def test_frames_are_looked_at_as_they_are_shown(
    tmp_path: Path, keep: Callable[..., StoredVideo], run: Callable[..., None], parts: Services
) -> None:
    """Pictures that are not square keep width and height apart."""
    tall = write_mp4(tmp_path / "clip.mp4", 0.3, draw=lambda _: moving_square(2.0, (80, 200)))
    video = keep(tall)

    run()

    (dog,) = parts.videos.frames(video.id)[0].detections
    assert (parts.videos.get(video.id).width, parts.videos.get(video.id).height) == (80, 200)
    assert dog.xyxy == pytest.approx((40, 40, 60, 60), abs=3)
