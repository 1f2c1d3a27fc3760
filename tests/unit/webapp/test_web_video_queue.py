"""The queue of videos: who holds which, for how long, and what is written down."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import text

from vision import Detections
from webapp.exceptions import UnknownVideoError, VideoStateError
from webapp.results import NO_DETECTIONS, StageTimes
from webapp.storage.database import Database
from webapp.storage.video_queue import Gain, LeaseLostError, VideoQueue
from webapp.storage.videos import VideoStore
from webapp.videos.video import AnnotationState, StoredVideo, VideoFrame, VideoState

START = datetime(2026, 3, 9, 12, 0, tzinfo=UTC)
FIRST, SECOND = "a" * 32, "b" * 32
TIMES = StageTimes(1.0, 0.0, 2.0, 3.0, 4.0, 10.0)


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def video(video_id: str = FIRST, minute: int = 0) -> StoredVideo:
    return StoredVideo(
        id=video_id,
        created_at=START + timedelta(minutes=minute),
        video_name="street.mp4",
        original_name=f"{video_id}.mp4",
        original_bytes=1000,
        original_sha256="0" * 64,
        model_name="toy",
        threshold=0.5,
        score_floor=0.2,
        samples_per_s=4.0,
    )


def gain(*moments_s: float, first: int = 0, found: Detections = NO_DETECTIONS) -> Gain:
    frames = [VideoFrame(first + at, moment_s, found) for at, moment_s in enumerate(moments_s)]
    return Gain(frames, moments_s[-1] + 0.25, 1.5, TIMES, 7)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path}/results.sqlite3")
    yield database
    database.close()


@pytest.fixture
def videos(database: Database, clock: Clock) -> VideoStore:
    store = VideoStore(database, now=clock)
    store.add(video())
    return store


@pytest.fixture
def queue(database: Database, videos: VideoStore, clock: Clock) -> VideoQueue:
    del videos
    return VideoQueue(database, lease_s=30, attempts_max=2, now=clock)


def test_videos_come_in_the_order_they_were_sent(queue: VideoQueue, videos: VideoStore) -> None:
    """The oldest comes first, each goes to one worker, and then there are no more."""
    videos.add(video(SECOND, minute=1))

    claims = [queue.claim("one"), queue.claim("two"), queue.claim("three")]

    assert [each and each.video.id for each in claims] == [FIRST, SECOND, None]
    assert videos.get(FIRST).state is VideoState.RUNNING


def test_silent_worker_loses_its_video(queue: VideoQueue, clock: Clock) -> None:
    """When a lease has run out, the video goes to another worker, and the first changes nothing."""
    queue.claim("one")
    clock.pass_by(31)

    second = queue.claim("two")

    assert second is not None
    assert second.attempts == 2
    assert not queue.renew(FIRST, "one")
    with pytest.raises(LeaseLostError):
        queue.keep(FIRST, "one", gain(0.0))


def test_worker_that_renews_keeps_its_video(queue: VideoQueue, clock: Clock) -> None:
    """A lease lasts for as long as it is renewed."""
    queue.claim("one")
    clock.pass_by(20)

    assert queue.renew(FIRST, "one")

    clock.pass_by(20)
    assert queue.claim("two") is None


def test_found_is_kept_with_how_far_it_goes(queue: VideoQueue, videos: VideoStore) -> None:
    """What was found, the place to go on from and the times are written together."""
    found = Detections(
        xyxy=np.array([[1.234, 2, 30, 40]], np.float32),
        class_ids=np.array([18]),
        scores=np.array([0.87654321], np.float32),
        labels=("dog",),
    )
    queue.claim("one")

    queue.keep(FIRST, "one", gain(0.0, 0.25))
    queue.keep(FIRST, "one", gain(0.5, first=2, found=found))

    kept, frames = videos.get(FIRST), videos.frames(FIRST)
    assert (kept.position_s, kept.frames_done, kept.work_s) == (0.75, 3, 3.0)
    assert (kept.model_version, kept.times) == (7, TIMES.plus(TIMES))
    assert [(frame.index, frame.moment_s) for frame in frames] == [(0, 0.0), (1, 0.25), (2, 0.5)]
    (dog,) = frames[2].detections
    assert (dog.label, dog.class_id, round(dog.score, 4)) == ("dog", 18, 0.8765)
    assert dog.xyxy == pytest.approx((1.23, 2, 30, 40))


def test_no_moment_is_kept_twice(queue: VideoQueue, videos: VideoStore) -> None:
    """A moment that is there already takes the whole batch back, its position too."""
    queue.claim("one")
    queue.keep(FIRST, "one", gain(0.0, 0.25))

    with pytest.raises(Exception, match="could not be saved"):
        queue.keep(FIRST, "one", gain(0.25, 0.5, first=1))

    assert (videos.get(FIRST).position_s, len(videos.frames(FIRST))) == (0.5, 2)


def test_cancelled_video_is_taken_away_from_its_worker(
    queue: VideoQueue, videos: VideoStore
) -> None:
    """Cancelling ends the lease at once; what was found stays, and resuming goes on from there."""
    queue.claim("one")
    queue.keep(FIRST, "one", gain(0.0))

    videos.cancel(FIRST)

    assert not queue.renew(FIRST, "one")
    assert queue.claim("two") is None
    videos.resume(FIRST)
    again = queue.claim("two")
    assert again is not None
    assert (again.video.position_s, again.video.frames_done, again.attempts) == (0.25, 1, 1)


def test_video_that_breaks_its_workers_fails(
    queue: VideoQueue, videos: VideoStore, clock: Clock
) -> None:
    """After so many workers that ended without getting further, the video has failed."""
    for worker in ("one", "two"):
        assert queue.claim(worker) is not None
        clock.pass_by(31)

    assert queue.claim("three") is None
    failed = videos.get(FIRST)
    assert failed.state is VideoState.FAILED
    assert failed.failure_sentence == (
        "The program that looks at videos broke down 2 times in a row at 0.0 s of this one."
    )


def test_getting_further_makes_up_for_broken_workers(queue: VideoQueue, clock: Clock) -> None:
    """Only attempts without any gain count."""
    for first in range(5):
        claim = queue.claim(f"worker {first}")
        assert claim is not None
        queue.keep(FIRST, f"worker {first}", gain(first * 0.25, first=first))
        clock.pass_by(31)

    assert queue.claim("last") is not None


def test_blameless_end_is_no_attempt(queue: VideoQueue, videos: VideoStore) -> None:
    """A worker that is told to stop gives its video back as it took it."""
    for _ in range(5):
        assert queue.claim("one") is not None
        queue.give_back(FIRST, "one", is_blameless=True)

    assert videos.get(FIRST).state is VideoState.QUEUED


def test_done_video_wants_its_copy(queue: VideoQueue, videos: VideoStore) -> None:
    """When all was looked at, drawing is next; that done, nothing is left."""
    queue.claim("one")
    queue.keep(FIRST, "one", gain(0.0))
    queue.finish(FIRST, "one")
    assert videos.get(FIRST).state is VideoState.DONE

    drawing = queue.claim("two")

    assert drawing is not None
    assert drawing.is_drawing
    queue.finish_drawing(FIRST, "two", 500)
    assert queue.claim("three") is None
    assert videos.get(FIRST).annotation is AnnotationState.DONE
    assert videos.kept_bytes() == 1500


def test_looking_comes_before_drawing(queue: VideoQueue, videos: VideoStore) -> None:
    """A new video is not kept waiting by copies of others."""
    queue.claim("one")
    queue.keep(FIRST, "one", gain(0.0))
    queue.finish(FIRST, "one")
    videos.add(video(SECOND, minute=1))

    claim = queue.claim("one")

    assert claim is not None
    assert claim.video.id == SECOND


def test_what_is_not_possible_says_so(queue: VideoQueue, videos: VideoStore) -> None:
    """Cancelling, resuming and drawing take a video at the right station, and one that is there."""
    del queue
    with pytest.raises(VideoStateError):
        videos.resume(FIRST)
    with pytest.raises(VideoStateError):
        videos.annotate(FIRST)
    videos.cancel(FIRST)
    with pytest.raises(VideoStateError):
        videos.cancel(FIRST)
    with pytest.raises(UnknownVideoError):
        videos.cancel("../../etc/passwd")


def test_deleted_video_leaves_nothing_but_an_entry(
    queue: VideoQueue, videos: VideoStore, database: Database
) -> None:
    """Its frames go with it, its worker loses it, and the audit log has who did it."""
    queue.claim("one")
    queue.keep(FIRST, "one", gain(0.0))

    gone = videos.delete(FIRST, actor="anna")

    assert gone.id == FIRST
    assert videos.frames(FIRST) == ()
    assert not queue.renew(FIRST, "one")
    with database.reading("The audit log") as session:
        rows = session.execute(text("SELECT action, actor, original_name FROM audit")).all()
        doomed = session.execute(text("SELECT name FROM doomed_original")).all()
    assert [tuple(row) for row in rows] == [("delete video", "anna", f"{FIRST}.mp4")]
    assert [tuple(row) for row in doomed] == [(f"{FIRST}.mp4",)]


def test_workers_are_seen_while_they_say_so(
    queue: VideoQueue, videos: VideoStore, clock: Clock
) -> None:
    """A worker counts for some seconds after each sign of life, and not once it has left."""
    queue.note_alive("one")
    queue.note_alive("two")
    queue.forget("two")
    assert videos.workers() == 1

    clock.pass_by(60)

    assert videos.workers() == 0


@pytest.mark.parametrize(
    ("changes", "progress", "left_s"),
    [
        ({}, 0.0, None),
        ({"duration_s": None, "position_s": 5.0}, 0.0, None),
        ({"position_s": 5.0, "work_s": 10.0}, 0.5, 10.0),
        ({"position_s": 12.0}, 1.0, 0.0),
        ({"state": VideoState.DONE, "duration_s": None}, 1.0, None),
    ],
)
def test_progress_is_how_far_the_position_goes(
    changes: dict[str, object], progress: float, left_s: float | None
) -> None:
    """Progress is the share of the duration; what is left follows from the time so far."""
    running = replace(video(), state=VideoState.RUNNING, duration_s=10.0)

    changed = replace(running, **changes)  # type: ignore[arg-type]  # by name

    assert (changed.progress, changed.left_s) == (progress, left_s)
