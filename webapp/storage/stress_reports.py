"""Stress runs in the database: the one that goes on, and the reports of those before it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from stress import InUseError
from webapp.exceptions import UnknownStressReportError
from webapp.storage.database import Database
from webapp.storage.originals import random_id
from webapp.storage.tables import StressReportRow

KEPT_MAX = 50
"""How many reports are kept; the oldest give way."""
_SLOT = 1
# A run tells of itself twice a second. One that has not for so long has lost its process.
_LOST_AFTER = timedelta(seconds=15)
_WHAT = "The stress report"


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A run as it is stored.

    Attributes:
        id: 32 hexadecimal digits, made at random.
        created_at: When it was started, in UTC.
        is_running: Whether it goes on.
        is_stop_asked: Whether somebody wants it to end.
        document: Its report, as ``StressReport.to_fields`` has it.
        live: How far it is, while it goes on.
    """

    id: str
    created_at: datetime
    is_running: bool
    is_stop_asked: bool
    document: Any
    live: Any


class StressReports:
    """The table of stress runs.

    Args:
        database: Where it is.
        now: Says what time it is, in UTC.
    """

    def __init__(
        self, database: Database, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._database = database
        self._now = now

    def begin(self, document: Any) -> str:
        """Write down a run that begins, and return its id.

        Raises:
            InUseError: Another one goes on.
            StorageError: The database refused.
        """
        now = self._now()
        with self._database.writing(_WHAT) as session:
            self._free_slot(session, now)
            row = StressReportRow(
                id=random_id(), created_at=now, seen_at=now, slot=_SLOT, is_stop_asked=False,
                document=document, live=None,
            )  # fmt: skip
            session.add(row)
            try:
                session.flush()
            except IntegrityError as error:
                session.rollback()
                raise InUseError("Another stress run is in progress on this site.") from error
            _forget_old(session)
            return row.id

    def note(self, run_id: str, document: Any, live: Any) -> bool:
        """Write down how far a run is, and return whether it is to end.

        Raises:
            StorageError: The database refused.
        """
        with self._database.writing(_WHAT) as session:
            row = session.get(StressReportRow, run_id)
            if row is None or row.slot is None:  # deleted, or given up for lost
                return True
            row.seen_at, row.document, row.live = self._now(), document, live
            return row.is_stop_asked

    def end(self, run_id: str, document: Any) -> None:
        """Write down what came of a run, and let others begin.

        Raises:
            StorageError: The database refused.
        """
        change = {"slot": None, "live": None, "document": document, "seen_at": self._now()}
        with self._database.writing(_WHAT) as session:
            session.execute(_row(run_id).values(change))

    def ask_to_stop(self, run_id: str) -> None:
        """Have the process of a run end it; one that is over stays as it is.

        Raises:
            StorageError: The database refused.
        """
        with self._database.writing(_WHAT) as session:
            session.execute(_row(run_id).values(is_stop_asked=True))

    def get(self, run_id: str) -> StoredRun:
        """Return a run.

        Raises:
            UnknownStressReportError: There is none of that id.
            StorageError: The database refused.
        """
        with self._database.reading(_WHAT) as session:
            row = session.get(StressReportRow, run_id)
            if row is None:
                raise UnknownStressReportError
            return self._stored(row)

    def all(self) -> tuple[StoredRun, ...]:
        """Return all runs, the newest first.

        Raises:
            StorageError: The database refused.
        """
        newest = StressReportRow.created_at.desc(), StressReportRow.id
        with self._database.reading(_WHAT) as session:
            rows = session.scalars(sa.select(StressReportRow).order_by(*newest))
            return tuple(self._stored(row) for row in rows)

    def delete(self, run_id: str) -> None:
        """Forget a run; one that goes on ends.

        Raises:
            StorageError: The database refused.
        """
        with self._database.writing(_WHAT, "deleted") as session:
            session.execute(sa.delete(StressReportRow).where(StressReportRow.id == run_id))

    def _free_slot(self, session: Session, now: datetime) -> None:
        is_lost = StressReportRow.seen_at < now - _LOST_AFTER
        session.execute(sa.update(StressReportRow).where(is_lost).values(slot=None))

    def _stored(self, row: StressReportRow) -> StoredRun:
        is_running = row.slot is not None and row.seen_at >= self._now() - _LOST_AFTER
        return StoredRun(
            row.id, row.created_at, is_running, row.is_stop_asked, row.document, row.live
        )


def _row(run_id: str) -> sa.Update:
    return sa.update(StressReportRow).where(StressReportRow.id == run_id)


def _forget_old(session: Session) -> None:
    newest = sa.select(StressReportRow.id).order_by(StressReportRow.created_at.desc())
    kept = session.scalars(newest.limit(KEPT_MAX)).all()
    session.execute(sa.delete(StressReportRow).where(StressReportRow.id.not_in(kept)))
