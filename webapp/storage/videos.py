"""Videos in a database: written, listed, stopped, taken up again and deleted."""

import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from webapp.exceptions import UnknownVideoError, VideoStateError
from webapp.storage.database import Database
from webapp.storage.tables import (
    AuditRow,
    DoomedOriginal,
    VideoFrameRow,
    VideoRow,
    VideoWorkerRow,
)
from webapp.videos.video import AnnotationState, StoredVideo, VideoFrame, VideoState

_ID = re.compile(r"[0-9a-f]{32}")
_COLUMNS = tuple(field.name for field in fields(StoredVideo))
_OPEN = (VideoState.QUEUED, VideoState.RUNNING)
_AT_ONCE = 500
# A worker says every second that it lives; a busy database may swallow some of that.
_ALIVE_S = 15.0
_NO_LEASE = {"lease_owner": None, "lease_ends_at": None}


class VideoStore:
    """The tables of videos and their frames.

    Args:
        database: Where they are.
        now: The current moment, in UTC.
    """

    def __init__(
        self, database: Database, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._database = database
        self._now = now

    def add(self, video: StoredVideo) -> None:
        """Write a new row; from then on the video waits in the queue.

        Raises:
            StorageError: The database refused.
        """
        with self._database.writing("The video") as session:
            session.execute(sa.insert(VideoRow).values(**_values(video), attempts=0))

    def get(self, video_id: str) -> StoredVideo:
        """Return the video of that id.

        Raises:
            UnknownVideoError: There is none.
            StorageError: The database refused.
        """
        with self._database.reading("The video") as session:
            return video_of(_row(session, video_id))

    def newest(self, limit: int = 100) -> tuple[StoredVideo, ...]:
        """Return videos, the newest first.

        Raises:
            StorageError: The database refused.
        """
        wanted = sa.select(VideoRow).order_by(VideoRow.created_at.desc(), VideoRow.id.desc())
        with self._database.reading("The list of videos") as session:
            return tuple(video_of(row) for row in session.scalars(wanted.limit(limit)))

    def frames(self, video_id: str) -> tuple[VideoFrame, ...]:
        """Return what was found in a video so far, in order of time.

        Raises:
            StorageError: The database refused.
        """
        wanted = sa.select(VideoFrameRow.index, VideoFrameRow.moment_s, VideoFrameRow.detections)
        of_it = wanted.where(VideoFrameRow.video_id == video_id).order_by(VideoFrameRow.index)
        with self._database.reading("What was found in the video") as session:
            return tuple(VideoFrame(*row) for row in session.execute(of_it))

    def cancel(self, video_id: str) -> None:
        """Stop the work on a video; what was found until then stays.

        Raises:
            UnknownVideoError: There is none.
            VideoStateError: Nothing is worked on.
            StorageError: The database refused.
        """
        change = {"state": VideoState.CANCELLED, "message": "", **_NO_LEASE}
        self._change(video_id, VideoRow.state.in_(_OPEN), change, "This video has ended already.")

    def resume(self, video_id: str) -> None:
        """Have a video that failed or was stopped looked at from where it was.

        Raises:
            UnknownVideoError: There is none.
            VideoStateError: It is being worked on, or done.
            StorageError: The database refused.
        """
        ended = VideoRow.state.in_([VideoState.FAILED, VideoState.CANCELLED])
        change = {
            "state": VideoState.QUEUED,
            "failure_sentence": "",
            "message": "",
            "attempts": 0,
            **_NO_LEASE,
        }
        sentence = "This video is done, or still being worked on."
        self._change(video_id, ended, change, sentence)

    def annotate(self, video_id: str) -> None:
        """Have the copy of a video with boxes made, or made anew.

        Raises:
            UnknownVideoError: There is none.
            VideoStateError: The video is still being worked on, or nothing was looked at.
            StorageError: The database refused.
        """
        ready = VideoRow.state.not_in(_OPEN) & (VideoRow.frames_done > 0)
        change = {"annotation": AnnotationState.WANTED, "attempts": 0, **_NO_LEASE}
        sentence = "There is nothing to draw yet."
        self._change(video_id, ready, change, sentence)

    def delete(self, video_id: str, *, actor: str = "") -> StoredVideo:
        """Delete a video with everything found in it, doom its file, and note who did it.

        Raises:
            UnknownVideoError: There is none.
            StorageError: The database refused; nothing was deleted.
        """
        with self._database.writing("The video", "deleted") as session:
            video = video_of(_row(session, video_id))
            session.execute(sa.delete(VideoFrameRow).where(VideoFrameRow.video_id == video_id))
            session.execute(sa.delete(VideoRow).where(VideoRow.id == video_id))
            session.add(DoomedOriginal(name=video.original_name))
            session.add(_audit(video, actor, self._now()))
        return video

    def kept_bytes(self) -> int:
        """Return what all videos weigh together, with their copies that have boxes.

        Raises:
            StorageError: The database refused.
        """
        weight = sa.func.sum(VideoRow.original_bytes + VideoRow.annotated_bytes)
        with self._database.reading("The list of videos") as session:
            return int(session.scalar(sa.select(weight)) or 0)

    def counts(self) -> Mapping[VideoState, int]:
        """Return how many videos are in each state.

        Raises:
            StorageError: The database refused.
        """
        each = sa.select(VideoRow.state, sa.func.count()).group_by(VideoRow.state)
        with self._database.reading("The list of videos") as session:
            found: dict[VideoState, int] = dict(iter(session.execute(each)))
        return {state: found.get(state, 0) for state in VideoState}

    def workers(self) -> int:
        """Return how many workers have said lately that they live.

        Raises:
            StorageError: The database refused.
        """
        since = self._now() - timedelta(seconds=_ALIVE_S)
        alive = sa.select(sa.func.count()).where(VideoWorkerRow.seen_at >= since)
        with self._database.reading("The list of workers") as session:
            return session.scalar(alive) or 0

    def ids_before(self, moment: datetime) -> tuple[str, ...]:
        """Return the videos that were sent before a moment, the oldest first.

        Raises:
            StorageError: The database refused.
        """
        older = sa.select(VideoRow.id).where(VideoRow.created_at < moment)
        with self._database.reading("The list of videos") as session:
            return tuple(session.scalars(older.order_by(VideoRow.created_at, VideoRow.id)))

    def _change(
        self,
        video_id: str,
        condition: sa.ColumnElement[bool],
        values: Mapping[str, object],
        sentence: str,
    ) -> None:
        with self._database.writing("The video") as session:
            _row(session, video_id)
            change = sa.update(VideoRow).where(VideoRow.id == video_id, condition)
            changed = session.execute(change.values(**values)).rowcount  # type: ignore[attr-defined]  # of every update
            if not changed:
                raise VideoStateError(sentence)


def video_of(row: VideoRow) -> StoredVideo:
    """Return the video of a row."""
    return StoredVideo(**{name: getattr(row, name) for name in _COLUMNS})


def _values(video: StoredVideo) -> Mapping[str, object]:
    return {name: getattr(video, name) for name in _COLUMNS}


def _row(session: Session, video_id: str) -> VideoRow:
    row = session.get(VideoRow, video_id) if _ID.fullmatch(video_id) else None
    if row is None:
        raise UnknownVideoError
    return row


def _audit(video: StoredVideo, actor: str, now: datetime) -> AuditRow:
    return AuditRow(
        at=now,
        action="delete video",
        actor=actor,
        result_id=video.id,
        original_name=video.original_name,
        original_sha256=video.original_sha256,
        is_original_removed=True,
    )
