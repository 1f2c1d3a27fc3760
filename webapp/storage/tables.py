"""The tables of the database, and how values stand in their columns."""

from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from vision import Classification, Detections
from webapp.failures import FailureKind
from webapp.results import StageTimes, State, Task
from webapp.videos.video import AnnotationState, VideoState


class Moment(sa.types.TypeDecorator[datetime]):
    """A moment in UTC; SQLite keeps no time zone, so it is put back."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return what the database gave, with its time zone."""
        del dialect
        return value.replace(tzinfo=UTC) if value and value.tzinfo is None else value


class DetectionList(sa.types.TypeDecorator[Detections]):
    """Detections as a JSON list of objects."""

    impl = sa.JSON
    cache_ok = True

    def process_bind_param(self, value: Detections | None, dialect: Dialect) -> Any:
        """Return the list."""
        del dialect
        return [] if value is None else [each._asdict() for each in value]

    def process_result_value(self, value: Any, dialect: Dialect) -> Detections:
        """Return the detections of a list."""
        del dialect
        return Detections(
            xyxy=np.array([each["xyxy"] for each in value], dtype=np.float32).reshape(-1, 4),
            class_ids=np.array([each["class_id"] for each in value], dtype=np.int64),
            scores=np.array([each["score"] for each in value], dtype=np.float32),
            labels=tuple(each["label"] for each in value),
        )


class CompactDetections(sa.types.TypeDecorator[Detections]):
    """Detections as a JSON list of short lists, for there are thousands: label, class, score, box.

    Scores keep five places behind the point, boxes two, in pixels.
    """

    impl = sa.JSON
    cache_ok = True

    def process_bind_param(self, value: Detections | None, dialect: Dialect) -> Any:
        """Return the list."""
        del dialect
        return [
            [each.label, each.class_id, round(each.score, 5), *(round(at, 2) for at in each.xyxy)]
            for each in value or ()
        ]

    def process_result_value(self, value: Any, dialect: Dialect) -> Detections:
        """Return the detections of a list."""
        del dialect
        return Detections(
            xyxy=np.array([each[3:7] for each in value], dtype=np.float32).reshape(-1, 4),
            class_ids=np.array([each[1] for each in value], dtype=np.int64),
            scores=np.array([each[2] for each in value], dtype=np.float32),
            labels=tuple(each[0] for each in value),
        )


class ClassList(sa.types.TypeDecorator[Classification]):
    """A classification as a JSON list of objects."""

    impl = sa.JSON
    cache_ok = True

    def process_bind_param(self, value: Classification | None, dialect: Dialect) -> Any:
        """Return the list."""
        del dialect
        return [] if value is None else [each._asdict() for each in value]

    def process_result_value(self, value: Any, dialect: Dialect) -> Classification:
        """Return the classification of a list."""
        del dialect
        return Classification(
            class_ids=np.array([each["class_id"] for each in value], dtype=np.int64),
            scores=np.array([each["score"] for each in value], dtype=np.float32),
            labels=tuple(each["label"] for each in value),
        )


class Times(sa.types.TypeDecorator[StageTimes]):
    """Stage times as a JSON object."""

    impl = sa.JSON(none_as_null=True)
    cache_ok = True

    def process_bind_param(self, value: StageTimes | None, dialect: Dialect) -> Any:
        """Return the object."""
        del dialect
        return None if value is None else asdict(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> StageTimes | None:
        """Return the times of an object."""
        del dialect
        return None if value is None else StageTimes(**value)


class Base(DeclarativeBase):
    """What all tables belong to."""


def _one_of(values: type[StrEnum]) -> sa.Enum:
    """A column of short text, so that a new kind needs no change of the database's types."""
    return sa.Enum(values, native_enum=False, values_callable=list, length=32)


class ResultRow(Base):
    """The table of :class:`~webapp.results.Result`, a column for each of its attributes.

    ``serve_ms`` is that of ``times`` once more, to be searched for.
    """

    __tablename__ = "result"
    # The lists of results run along these, the newest first; the id settles equal moments.
    __table_args__ = (
        sa.Index("ix_result_newest", "created_at", "id"),
        sa.Index("ix_result_newest_of_model", "model_name", "created_at", "id"),
        sa.Index("ix_result_batch_id", "batch_id"),
        sa.Index("ix_result_original_name", "original_name"),
    )

    id: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(Moment)
    image_name: Mapped[str] = mapped_column(sa.Text)
    original_name: Mapped[str] = mapped_column(sa.String(40))
    original_bytes: Mapped[int] = mapped_column(sa.BigInteger)
    original_sha256: Mapped[str] = mapped_column(sa.String(64))
    width: Mapped[int]
    height: Mapped[int]
    batch_id: Mapped[str | None] = mapped_column(sa.String(32))
    task: Mapped[Task] = mapped_column(_one_of(Task), server_default=Task.DETECTION)
    model_name: Mapped[str] = mapped_column(sa.Text)
    model_version: Mapped[int | None] = mapped_column(sa.BigInteger)
    threshold: Mapped[float]
    score_floor: Mapped[float]
    state: Mapped[State] = mapped_column(_one_of(State))
    failure_kind: Mapped[FailureKind | None] = mapped_column(_one_of(FailureKind))
    failure_sentence: Mapped[str] = mapped_column(sa.Text)
    detections: Mapped[Detections] = mapped_column(DetectionList)
    classification: Mapped[Classification] = mapped_column(ClassList, server_default="[]")
    times: Mapped[StageTimes | None] = mapped_column(Times)
    serve_ms: Mapped[float | None]


class LabelRow(Base):
    """What a result shows: a row for each name, in small letters, to be searched for."""

    __tablename__ = "result_label"

    result_id: Mapped[str] = mapped_column(
        sa.ForeignKey("result.id", ondelete="CASCADE"), primary_key=True
    )
    label: Mapped[str] = mapped_column(sa.Text, primary_key=True)


class DoomedOriginal(Base):
    """A file that no result is about any more and that is still to be removed."""

    __tablename__ = "doomed_original"

    name: Mapped[str] = mapped_column(sa.String(40), primary_key=True)


class AuditRow(Base):
    """One thing that somebody did and that cannot be undone."""

    __tablename__ = "audit"
    __table_args__ = (sa.Index("ix_audit_at", "at"),)

    id: Mapped[int] = mapped_column(
        sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True
    )
    at: Mapped[datetime] = mapped_column(Moment)
    action: Mapped[str] = mapped_column(sa.String(32))
    actor: Mapped[str] = mapped_column(sa.Text)
    result_id: Mapped[str] = mapped_column(sa.String(32))
    original_name: Mapped[str] = mapped_column(sa.String(40))
    original_sha256: Mapped[str] = mapped_column(sa.String(64))
    is_original_removed: Mapped[bool]


class KeyRow(Base):
    """An API key, of which only a digest is kept."""

    __tablename__ = "api_key"

    name: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    digest: Mapped[str] = mapped_column(sa.String(64), unique=True)
    scopes: Mapped[str] = mapped_column(sa.Text)
    created_at: Mapped[datetime] = mapped_column(Moment)


class UserRow(Base):
    """Somebody who may log in."""

    __tablename__ = "user_account"

    name: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    password_hash: Mapped[str] = mapped_column(sa.Text)
    scopes: Mapped[str] = mapped_column(sa.Text)
    created_at: Mapped[datetime] = mapped_column(Moment)


class LoginRow(Base):
    """A login that lasts, by the digest of what the browser's cookie holds."""

    __tablename__ = "login"

    digest: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    user_name: Mapped[str] = mapped_column(
        sa.ForeignKey("user_account.name", ondelete="CASCADE"), index=True
    )
    ends_at: Mapped[datetime] = mapped_column(Moment)


class ReplyRow(Base):
    """What a request with an idempotency key was answered with; no status while it is worked on."""

    __tablename__ = "reply"

    digest: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(sa.String(64))
    created_at: Mapped[datetime] = mapped_column(Moment, index=True)
    status: Mapped[int | None]
    location: Mapped[str] = mapped_column(sa.Text)
    body: Mapped[str] = mapped_column(sa.Text)


class StressReportRow(Base):
    """A stress run, under way or over.

    ``slot`` is 1 while a run goes on and null afterwards, and unique: so there is one at a time,
    whichever process it is in. ``seen_at`` is when that process last told of it.
    """

    __tablename__ = "stress_report"
    __table_args__ = (sa.Index("ix_stress_report_created_at", "created_at"),)

    id: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(Moment)
    seen_at: Mapped[datetime] = mapped_column(Moment)
    slot: Mapped[int | None] = mapped_column(sa.Integer, unique=True)
    is_stop_asked: Mapped[bool]
    document: Mapped[Any] = mapped_column(sa.JSON)
    live: Mapped[Any] = mapped_column(sa.JSON(none_as_null=True), nullable=True)


class VideoRow(Base):
    """The table of :class:`~webapp.videos.video.StoredVideo`, and the queue of the workers.

    A worker that looks at a video, or draws its copy with boxes, holds a lease on its row, and
    renews it. Whoever cancels or deletes takes the lease away, and so does time.
    """

    __tablename__ = "video"
    __table_args__ = (
        sa.Index("ix_video_newest", "created_at", "id"),
        sa.Index("ix_video_state", "state"),
        sa.Index("ix_video_original_name", "original_name"),
    )

    id: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(Moment)
    video_name: Mapped[str] = mapped_column(sa.Text)
    original_name: Mapped[str] = mapped_column(sa.String(40))
    original_bytes: Mapped[int] = mapped_column(sa.BigInteger)
    original_sha256: Mapped[str] = mapped_column(sa.String(64))
    width: Mapped[int | None]
    height: Mapped[int | None]
    duration_s: Mapped[float | None]
    frame_rate: Mapped[float | None]
    model_name: Mapped[str] = mapped_column(sa.Text)
    model_version: Mapped[int | None] = mapped_column(sa.BigInteger)
    threshold: Mapped[float]
    score_floor: Mapped[float]
    samples_per_s: Mapped[float]
    state: Mapped[VideoState] = mapped_column(_one_of(VideoState))
    failure_sentence: Mapped[str] = mapped_column(sa.Text)
    message: Mapped[str] = mapped_column(sa.Text)
    position_s: Mapped[float]
    frames_done: Mapped[int]
    work_s: Mapped[float]
    times: Mapped[StageTimes | None] = mapped_column(Times)
    annotation: Mapped[AnnotationState] = mapped_column(_one_of(AnnotationState))
    annotated_bytes: Mapped[int] = mapped_column(sa.BigInteger)
    attempts: Mapped[int] = mapped_column(default=0)
    lease_owner: Mapped[str | None] = mapped_column(sa.String(64))
    lease_ends_at: Mapped[datetime | None] = mapped_column(Moment)


class VideoFrameRow(Base):
    """What was found at one moment of a video; each moment once, whoever looked at it."""

    __tablename__ = "video_frame"

    video_id: Mapped[str] = mapped_column(
        sa.ForeignKey("video.id", ondelete="CASCADE"), primary_key=True
    )
    index: Mapped[int] = mapped_column("frame_index", primary_key=True, autoincrement=False)
    moment_s: Mapped[float]
    detections: Mapped[Detections] = mapped_column(CompactDetections)


class VideoWorkerRow(Base):
    """A worker that looks at videos, and when it last said so."""

    __tablename__ = "video_worker"

    name: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    seen_at: Mapped[datetime] = mapped_column(Moment)
