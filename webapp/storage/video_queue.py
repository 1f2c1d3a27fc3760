"""The queue of videos: workers take one, hold it with a lease, and write down what they found.

Every change names the worker that makes it, and happens only while that one holds the lease. So a
worker that was thought dead and is not, or whose video was cancelled or deleted, changes nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from webapp.results import StageTimes
from webapp.storage.database import Database
from webapp.storage.tables import VideoFrameRow, VideoRow, VideoWorkerRow
from webapp.storage.videos import video_of
from webapp.videos.video import AnnotationState, StoredVideo, VideoFrame, VideoState

_OPEN = (VideoState.QUEUED, VideoState.RUNNING)
_FREE = {"lease_owner": None, "lease_ends_at": None}


class LeaseLostError(Exception):
    """A video is no longer this worker's: it was cancelled, deleted, or taken by another one."""

    def __init__(self) -> None:
        super().__init__("This video is no longer held by this worker.")


@dataclass(frozen=True, slots=True)
class Claim:
    """A video that a worker holds.

    Attributes:
        video: As it was when it was taken.
        is_drawing: Whether its copy with boxes is wanted, and not what is in it.
        attempts: How often it was taken without getting any further, this time included.
    """

    video: StoredVideo
    is_drawing: bool
    attempts: int


@dataclass(frozen=True, slots=True)
class Gain:
    """What a worker found out since it wrote down something last.

    Attributes:
        frames: Moments that were looked at.
        position_s: Where to go on, in seconds.
        work_s: How long it took, in seconds.
        times: Where the time went, summed up over these moments.
        model_version: The version that answered.
    """

    frames: Sequence[VideoFrame]
    position_s: float
    work_s: float
    times: StageTimes
    model_version: int | None


class VideoQueue:
    """The videos that wait for a worker, and those that one holds.

    Args:
        database: Where they are.
        lease_s: How long a worker may be silent before another one takes its video, in seconds.
        attempts_max: How often a video is taken without getting any further before it has failed.
        now: The current moment, in UTC.
    """

    def __init__(
        self,
        database: Database,
        *,
        lease_s: float,
        attempts_max: int,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database = database
        self._lease_s = lease_s
        self._attempts_max = attempts_max
        self._now = now

    def claim(self, worker: str) -> Claim | None:
        """Take the video that has waited longest; None where none waits.

        One that ended its workers too often has failed instead.

        Raises:
            StorageError: The database refused.
        """
        with self._database.writing("The queue of videos") as session:
            while row := session.scalars(self._waiting()).first():
                is_drawing = row.state not in _OPEN
                if row.attempts < self._attempts_max:
                    self._take(row, worker, is_drawing=is_drawing)
                    session.flush()
                    return Claim(video_of(row), is_drawing, row.attempts)
                _give_up(row, is_drawing=is_drawing)
                session.flush()
        return None

    def renew(self, video_id: str, worker: str) -> bool:
        """Hold on to a video; tell whether it is still this worker's.

        Raises:
            StorageError: The database refused.
        """
        with self._database.writing("The queue of videos") as session:
            return self._set(session, video_id, worker, {"lease_ends_at": self._lease_end()})

    def describe(self, video_id: str, worker: str, facts: Mapping[str, object]) -> None:
        """Write down what the file says of itself, or what the work waits for.

        Args:
            video_id: The video.
            worker: Who holds it.
            facts: By the names of :class:`~webapp.videos.video.StoredVideo`.

        Raises:
            LeaseLostError: It is no longer this worker's.
            StorageError: The database refused.
        """
        with self._database.writing("The video") as session:
            self._must_set(session, video_id, worker, facts)

    def keep(self, video_id: str, worker: str, gain: Gain) -> None:
        """Write down what was found, and how far that goes: both or neither.

        Raises:
            LeaseLostError: It is no longer this worker's; nothing was written.
            StorageError: The database refused; nothing was written.
        """
        with self._database.writing("What was found in the video") as session:
            row = session.get(VideoRow, video_id, with_for_update=True)
            if row is None or row.lease_owner != worker:
                raise LeaseLostError
            session.add_all(
                VideoFrameRow(
                    video_id=video_id,
                    index=frame.index,
                    moment_s=frame.moment_s,
                    detections=frame.detections,
                )
                for frame in gain.frames
            )
            row.position_s = gain.position_s
            row.frames_done += len(gain.frames)
            row.work_s += gain.work_s
            row.times = gain.times if row.times is None else row.times.plus(gain.times)
            row.model_version = gain.model_version
            row.attempts, row.message = 0, ""
            row.lease_ends_at = self._lease_end()

    def finish(self, video_id: str, worker: str) -> None:
        """Note that a video was looked at to its end, and that its copy with boxes is wanted.

        Raises:
            LeaseLostError: It is no longer this worker's.
            StorageError: The database refused.
        """
        is_empty = VideoRow.frames_done == 0
        wanted = sa.case((is_empty, AnnotationState.NONE), else_=AnnotationState.WANTED)
        self._end(video_id, worker, {"state": VideoState.DONE, "annotation": wanted})

    def fail(self, video_id: str, worker: str, sentence: str) -> None:
        """Note that a video cannot be looked at any further, and why.

        Raises:
            LeaseLostError: It is no longer this worker's.
            StorageError: The database refused.
        """
        self._end(video_id, worker, {"state": VideoState.FAILED, "failure_sentence": sentence})

    def finish_drawing(self, video_id: str, worker: str, size: int) -> None:
        """Note that the copy with boxes is there, and what it weighs; 0 is that it failed.

        Raises:
            LeaseLostError: It is no longer this worker's.
            StorageError: The database refused.
        """
        state = AnnotationState.DONE if size else AnnotationState.FAILED
        self._end(video_id, worker, {"annotation": state, "annotated_bytes": size})

    def give_back(self, video_id: str, worker: str, *, is_blameless: bool) -> None:
        """Let go of a video, for another worker or another time; not of one that is lost already.

        Args:
            video_id: The video.
            worker: Who holds it.
            is_blameless: Whether the reason is not the video's, so that this was no attempt.

        Raises:
            StorageError: The database refused; the lease runs out by itself.
        """
        waits = sa.case(
            (VideoRow.state == VideoState.RUNNING, VideoState.QUEUED), else_=VideoRow.state
        )
        change: dict[str, object] = {"state": waits, "message": "", **_FREE}
        if is_blameless:
            change["attempts"] = sa.case((VideoRow.attempts > 0, VideoRow.attempts - 1), else_=0)
        with self._database.writing("The queue of videos") as session:
            self._set(session, video_id, worker, change)

    def note_alive(self, worker: str) -> None:
        """Write down that a worker lives.

        Raises:
            StorageError: The database refused.
        """
        with self._database.writing("The list of workers") as session:
            session.merge(VideoWorkerRow(name=worker, seen_at=self._now()))

    def forget(self, worker: str) -> None:
        """Take a worker off the list, and those that have been silent for a day.

        Raises:
            StorageError: The database refused.
        """
        old = VideoWorkerRow.seen_at < self._now() - timedelta(days=1)
        with self._database.writing("The list of workers") as session:
            session.execute(sa.delete(VideoWorkerRow).where((VideoWorkerRow.name == worker) | old))

    def _waiting(self) -> sa.Select[VideoRow]:
        now = self._now()
        is_free = VideoRow.lease_ends_at.is_(None) | (VideoRow.lease_ends_at < now)
        is_wanted = VideoRow.state.in_(_OPEN) | (VideoRow.annotation == AnnotationState.WANTED)
        oldest = sa.select(VideoRow).where(is_wanted, is_free)
        # What is in a video comes before copies of others.
        order = (VideoRow.state.not_in(_OPEN), VideoRow.created_at, VideoRow.id)
        return oldest.order_by(*order).limit(1).with_for_update(skip_locked=True)

    def _take(self, row: VideoRow, worker: str, *, is_drawing: bool) -> None:
        row.attempts += 1
        row.message = ""
        row.lease_owner, row.lease_ends_at = worker, self._lease_end()
        if not is_drawing:
            row.state = VideoState.RUNNING

    def _lease_end(self) -> datetime:
        return self._now() + timedelta(seconds=self._lease_s)

    def _end(self, video_id: str, worker: str, change: Mapping[str, object]) -> None:
        with self._database.writing("The video") as session:
            change = {**change, "message": "", "attempts": 0, **_FREE}
            self._must_set(session, video_id, worker, change)

    def _must_set(
        self, session: Session, video_id: str, worker: str, change: Mapping[str, object]
    ) -> None:
        if not self._set(session, video_id, worker, change):
            raise LeaseLostError

    def _set(
        self, session: Session, video_id: str, worker: str, change: Mapping[str, object]
    ) -> bool:
        held = sa.update(VideoRow).where(VideoRow.id == video_id, VideoRow.lease_owner == worker)
        return bool(session.execute(held.values(**change)).rowcount)  # type: ignore[attr-defined]  # of every update


def _give_up(row: VideoRow, *, is_drawing: bool) -> None:
    """Have a video that ended its workers time and again fail, and not go round for ever."""
    if is_drawing:
        row.annotation = AnnotationState.FAILED
    else:
        row.state = VideoState.FAILED
        row.failure_sentence = (
            f"The program that looks at videos broke down {row.attempts} times in a row at "
            f"{row.position_s:.1f} s of this one."
        )
    row.message, row.attempts = "", 0
    row.lease_owner = row.lease_ends_at = None
