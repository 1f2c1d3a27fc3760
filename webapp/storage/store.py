"""Results in a database, one row each: written, answered, listed, counted and deleted."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from statistics import median
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from webapp.exceptions import OriginalGoneError, UnknownResultError
from webapp.results import Result, State
from webapp.storage.database import Database
from webapp.storage.query import Cursor, ResultPage, ResultQuery
from webapp.storage.selections import conditions, latest_spans, originals_and_bytes, per
from webapp.storage.tables import AuditRow, DoomedOriginal, LabelRow, ResultRow

_ID = re.compile(r"[0-9a-f]{32}")
_SPEED_SAMPLES = 101
_COLUMNS = tuple(field.name for field in fields(Result))


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast a model has answered on this machine.

    Attributes:
        median_ms: Of the model server's part of an answer, in milliseconds.
        count: How many of the latest answers that is the median of, 1 to 101.
    """

    median_ms: float
    count: int


@dataclass(frozen=True, slots=True)
class Counts:
    """What the database holds.

    Attributes:
        by_model: Results by the name of the model, answered or not.
        by_state: Results by their state.
        originals: Files.
        original_bytes: What they weigh together.
    """

    by_model: Mapping[str, int]
    by_state: Mapping[State, int]
    originals: int
    original_bytes: int

    @property
    def results(self) -> int:
        """All results."""
        return sum(self.by_state.values())


class ResultStore:
    """The table of results.

    Args:
        url: An SQLAlchemy URL. The folder of an SQLite file is made when it is missing, and tables
            of an earlier version are brought up to date.

    Raises:
        StorageError: The database cannot be opened.
    """

    def __init__(self, url: str) -> None:
        self._database = Database(url)

    @property
    def database(self) -> Database:
        """The database that the results are in."""
        return self._database

    def original_bytes(self) -> int:
        """Return what all originals weigh together.

        Raises:
            StorageError: The database refused.
        """
        with self._database.reading("The list of results") as session:
            return int(session.execute(originals_and_bytes()).one()[1])

    def add(self, result: Result) -> None:
        """Write a new row.

        Raises:
            StorageError: The database refused.
        """
        with self._database.writing("The result") as session:
            _insert(session, result)

    def add_again(self, result: Result) -> None:
        """Write a new row about a file that another row is about.

        Raises:
            OriginalGoneError: There is no such row: it was deleted, and the file with it.
            StorageError: The database refused.
        """
        with self._database.writing("The result") as session:
            if not _lock(session, [result.original_name]):
                raise OriginalGoneError("The original file of this result is no longer there.")
            _insert(session, result)

    def update(self, result: Result) -> None:
        """Write the row of that id anew, unless it is done: an answer is never overwritten.

        Raises:
            StorageError: The database refused.
        """
        is_open = (ResultRow.id == result.id) & (ResultRow.state != State.DONE)
        with self._database.writing("The result") as session:
            change = sa.update(ResultRow).where(is_open).values(_values(result))
            if session.execute(change).rowcount:  # type: ignore[attr-defined]  # of every update
                _insert_labels(session, result)

    def get(self, result_id: str) -> Result:
        """Return the result of that id.

        Raises:
            UnknownResultError: There is none.
            StorageError: The database refused.
        """
        if not _ID.fullmatch(result_id):
            raise UnknownResultError
        with self._database.reading("The result") as session:
            row = session.get(ResultRow, result_id)
        if row is None:
            raise UnknownResultError
        return _result(row)

    def page(self, query: ResultQuery) -> ResultPage:
        """Return some of the results that a query asks for, the newest first.

        Raises:
            StorageError: The database refused.
        """
        newest = (ResultRow.created_at.desc(), ResultRow.id.desc())
        wanted = sa.select(ResultRow).where(*conditions(query)).order_by(*newest)
        with self._database.reading("The list of results") as session:
            # One more than asked for tells whether there is a next page.
            rows = session.scalars(wanted.limit(query.limit + 1)).all()
        results = tuple(_result(row) for row in rows[: query.limit])
        return ResultPage(results, Cursor.behind(results[-1]) if len(rows) > query.limit else None)

    def count(self, query: ResultQuery) -> int:
        """Return how many results a query asks for, on all pages together.

        Raises:
            StorageError: The database refused.
        """
        wanted = sa.select(sa.func.count()).select_from(ResultRow).where(*conditions(query))
        with self._database.reading("The list of results") as session:
            return session.scalar(wanted) or 0

    def counts(self) -> Counts:
        """Return what the database holds.

        Raises:
            StorageError: The database refused.
        """
        with self._database.reading("The list of results") as session:
            by_model: dict[str, int] = dict(iter(session.execute(per(ResultRow.model_name))))
            by_state: dict[State, int] = dict(iter(session.execute(per(ResultRow.state))))
            originals, size_bytes = session.execute(originals_and_bytes()).one()
        return Counts(by_model, by_state, originals, int(size_bytes))

    def labels(self) -> tuple[str, ...]:
        """Return the names of all that any result shows, in small letters, in order.

        Raises:
            StorageError: The database refused.
        """
        names = sa.select(LabelRow.label).distinct().order_by(LabelRow.label)
        with self._database.reading("The list of results") as session:
            return tuple(session.scalars(names))

    def speeds(self, models: Iterable[str]) -> dict[str, Speed]:
        """Return how fast models have answered lately; without those that never have.

        Args:
            models: Their names.

        Raises:
            StorageError: The database refused.
        """
        with self._database.reading("The list of results") as session:
            spans = {name: _spans_ms(session, name) for name in models}
        return {name: Speed(median(each), len(each)) for name, each in spans.items() if each}

    def delete(self, result_ids: Sequence[str], *, actor: str = "") -> tuple[Result, ...]:
        """Delete rows, and doom the files that no other row is about.

        The audit log gets a line for each. The files are still there: see :meth:`doomed`.

        Args:
            result_ids: Those that are meant; unknown ones are passed over.
            actor: Who asked for it, as text for the audit log.

        Returns:
            What was deleted.

        Raises:
            StorageError: The database refused; nothing was deleted.
        """
        meant = ResultRow.id.in_([each for each in result_ids if _ID.fullmatch(each)])
        with self._database.writing("The results", "deleted") as session:
            names = sorted(set(session.scalars(sa.select(ResultRow.original_name).where(meant))))
            _lock(session, names)
            results = tuple(
                _result(row) for row in session.scalars(sa.select(ResultRow).where(meant))
            )
            session.execute(sa.delete(ResultRow).where(meant))
            doomed = set(names) - _in_use(session, names)
            session.add_all(DoomedOriginal(name=name) for name in sorted(doomed))
            session.add_all(_audit(result, actor, doomed) for result in results)
        return results

    def doomed(self) -> tuple[str, ...]:
        """Return the names of the originals that no row is about any more, to be removed.

        Raises:
            StorageError: The database refused.
        """
        with self._database.reading("The list of deleted files") as session:
            return tuple(session.scalars(sa.select(DoomedOriginal.name)))

    def forget_doomed(self, names: Sequence[str]) -> None:
        """Take note that files have been removed.

        Raises:
            StorageError: The database refused.
        """
        with self._database.writing("The list of deleted files") as session:
            session.execute(sa.delete(DoomedOriginal).where(DoomedOriginal.name.in_(names)))

    def check(self) -> None:
        """Ask the database for a sign of life.

        Raises:
            StorageError: It gives none.
        """
        self._database.check()

    def close(self) -> None:
        """Close all connections."""
        self._database.close()


def _spans_ms(session: Session, model_name: str) -> list[float]:
    spans = session.scalars(latest_spans(model_name, _SPEED_SAMPLES))
    return [span_ms for span_ms in spans if span_ms is not None]


def _values(result: Result) -> dict[str, Any]:
    values = {name: getattr(result, name) for name in _COLUMNS}
    return {**values, "serve_ms": result.times.serve if result.times else None}


def _result(row: ResultRow) -> Result:
    return Result(**{name: getattr(row, name) for name in _COLUMNS})


def _insert(session: Session, result: Result) -> None:
    session.execute(sa.insert(ResultRow).values(_values(result)))
    _insert_labels(session, result)


def _insert_labels(session: Session, result: Result) -> None:
    labels = dict.fromkeys(label.casefold() for label in result.shown_labels)
    if labels:
        rows = [{"result_id": result.id, "label": label} for label in labels]
        session.execute(sa.insert(LabelRow), rows)


def _lock(session: Session, original_names: Sequence[str]) -> bool:
    """Have other transactions on the rows about these files wait; tell whether there are any.

    SQLite has one writer anyway. Elsewhere two that delete the last rows about a file at the same
    time must not each take the other's row for a reason to keep the file.
    """
    rows = sa.select(ResultRow.id).where(ResultRow.original_name.in_(original_names))
    return bool(session.scalars(rows.order_by(ResultRow.id).with_for_update()).all())


def _in_use(session: Session, original_names: Sequence[str]) -> set[str]:
    about = ResultRow.original_name.in_(original_names)
    return set(session.scalars(sa.select(ResultRow.original_name).where(about)))


def _audit(result: Result, actor: str, doomed: set[str]) -> AuditRow:
    return AuditRow(
        at=datetime.now(UTC),
        action="delete",
        actor=actor,
        result_id=result.id,
        original_name=result.original_name,
        original_sha256=result.original_sha256,
        is_original_removed=result.original_name in doomed,
    )
