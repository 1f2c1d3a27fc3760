"""Results in a database: one row each, SQLite by default and whatever SQLAlchemy speaks by URL."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from vision import Detections
from webapp.exceptions import StorageError, UnknownResultError
from webapp.failures import FailureKind
from webapp.results import Result, StageTimes, State

_ID = re.compile(r"[0-9a-f]{32}")
_BUSY_TIMEOUT_MS = 5000


class _Moment(sa.types.TypeDecorator[datetime]):
    """A moment in UTC; SQLite keeps no time zone, so it is put back."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        del dialect
        return value.replace(tzinfo=UTC) if value and value.tzinfo is None else value


class _DetectionList(sa.types.TypeDecorator[Detections]):
    """Detections as a JSON list of objects, so that a database can search in it."""

    impl = sa.JSON
    cache_ok = True

    def process_bind_param(self, value: Detections | None, dialect: Dialect) -> Any:
        del dialect
        return [] if value is None else [each._asdict() for each in value]

    def process_result_value(self, value: Any, dialect: Dialect) -> Detections:
        del dialect
        return Detections(
            xyxy=np.array([each["xyxy"] for each in value], dtype=np.float32).reshape(-1, 4),
            class_ids=np.array([each["class_id"] for each in value], dtype=np.int64),
            scores=np.array([each["score"] for each in value], dtype=np.float32),
            labels=tuple(each["label"] for each in value),
        )


class _Times(sa.types.TypeDecorator[StageTimes]):
    """Stage times as a JSON object."""

    impl = sa.JSON(none_as_null=True)
    cache_ok = True

    def process_bind_param(self, value: StageTimes | None, dialect: Dialect) -> Any:
        del dialect
        return None if value is None else asdict(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> StageTimes | None:
        del dialect
        return None if value is None else StageTimes(**value)


class _Base(DeclarativeBase):
    pass


def _one_of(values: type[State] | type[FailureKind]) -> sa.Enum:
    """A column of short text, so that a new kind needs no change of the database's types."""
    return sa.Enum(values, native_enum=False, values_callable=list, length=32)


class ResultRow(_Base):
    """The table of :class:`~webapp.results.Result`, a column for each of its attributes."""

    __tablename__ = "result"

    id: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(_Moment, index=True)
    image_name: Mapped[str] = mapped_column(sa.Text)
    original_name: Mapped[str] = mapped_column(sa.String(40))
    original_bytes: Mapped[int] = mapped_column(sa.BigInteger)
    original_sha256: Mapped[str] = mapped_column(sa.String(64))
    width: Mapped[int]
    height: Mapped[int]
    model_name: Mapped[str] = mapped_column(sa.Text)
    model_version: Mapped[int | None] = mapped_column(sa.BigInteger)
    threshold: Mapped[float]
    score_floor: Mapped[float]
    state: Mapped[State] = mapped_column(_one_of(State))
    failure_kind: Mapped[FailureKind | None] = mapped_column(_one_of(FailureKind))
    failure_sentence: Mapped[str] = mapped_column(sa.Text)
    detections: Mapped[Detections] = mapped_column(_DetectionList)
    times: Mapped[StageTimes | None] = mapped_column(_Times)


class ResultStore:
    """The table of results.

    Args:
        url: An SQLAlchemy URL. The folder of an SQLite file is made when it is missing.

    Raises:
        StorageError: The database cannot be opened.
    """

    def __init__(self, url: str) -> None:
        with _refusals("The database of SIGHTLINE_DATABASE_URL cannot be opened"):
            self._engine = _engine_of(url)
            _Base.metadata.create_all(self._engine)

    def add(self, result: Result) -> None:
        """Write a new row.

        Raises:
            StorageError: The database refused.
        """
        with _refusals("The result could not be saved"), Session(self._engine) as session:
            session.execute(sa.insert(ResultRow).values(_values(result)))
            session.commit()

    def update(self, result: Result) -> None:
        """Write the row of that id anew, unless it is done: an answer is never overwritten.

        Raises:
            StorageError: The database refused.
        """
        is_open = (ResultRow.id == result.id) & (ResultRow.state != State.DONE)
        with _refusals("The result could not be saved"), Session(self._engine) as session:
            session.execute(sa.update(ResultRow).where(is_open).values(_values(result)))
            session.commit()

    def get(self, result_id: str) -> Result:
        """Return the result of that id.

        Raises:
            UnknownResultError: There is none.
            StorageError: The database refused.
        """
        if not _ID.fullmatch(result_id):
            raise UnknownResultError
        with _refusals("The result could not be read"), Session(self._engine) as session:
            row = session.get(ResultRow, result_id)
        if row is None:
            raise UnknownResultError
        return Result(**{each.name: getattr(row, each.name) for each in fields(Result)})

    def check(self) -> None:
        """Ask the database for a sign of life.

        Raises:
            StorageError: It gives none.
        """
        with _refusals("The database of results does not answer"), self._engine.connect() as link:
            link.execute(sa.select(ResultRow.id).limit(1))

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


def _values(result: Result) -> dict[str, Any]:
    return {each.name: getattr(result, each.name) for each in fields(result)}


def _engine_of(text: str) -> sa.Engine:
    try:
        return _engine(sa.make_url(text))
    except ImportError as error:
        raise StorageError(
            f"The database of SIGHTLINE_DATABASE_URL needs the Python package {error.name}, which "
            f"is not installed."
        ) from error


def _engine(url: sa.URL) -> sa.Engine:
    if url.get_backend_name() != "sqlite":
        return sa.create_engine(url, pool_pre_ping=True)
    if url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(url)
    sa.event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    """Let readers and a writer work at once, and a commit cost no wait for the disk.

    With a write-ahead log and ``synchronous=NORMAL`` a commit survives the end of the process, of
    any kind. A loss of power can take the commits since the log was last written out (about every
    thousand pages), and never damages the database.
    """
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", f"busy_timeout={_BUSY_TIMEOUT_MS}"):
        connection.execute(f"PRAGMA {pragma}")


@contextmanager
def _refusals(sentence: str) -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        raise StorageError(f"{sentence}.") from error
