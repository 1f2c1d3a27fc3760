"""One database by its URL: opened, brought up to date, read and written.

SQLite by default, and whatever SQLAlchemy speaks. Reads and writes are marked as such, because
SQLite has one writer at a time: a transaction that says so at its beginning waits for its turn,
while one that begins to write in its midst is turned away.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from webapp.exceptions import StorageError
from webapp.storage.migrations import upgrade

_BUSY_TIMEOUT_MS = 5000
_BUSY_PAUSE_S = 0.01
# Nobody else may write while tables change, however long that takes.
_UPGRADE_TIMEOUT_MS = 600_000
_WRITES = "sightline_writes"
_UNOPENED = "The database of SIGHTLINE_DATABASE_URL cannot be opened"


class Database:
    """The connections to one database, whose tables are those of this version.

    A database that an earlier version made is brought up to date, by one process at a time.

    Args:
        url: An SQLAlchemy URL. The folder of an SQLite file is made when it is missing.

    Raises:
        StorageError: The database cannot be opened, or was made by a later version.
    """

    def __init__(self, url: str) -> None:
        with _refusals(_UNOPENED):
            self._engine = _engine_of(url)
            with self._engine.connect() as link:
                _upgrade(link.execution_options(**{_WRITES: True}))

    @contextmanager
    def reading(self, what: str) -> Iterator[Session]:
        """Open a session that reads.

        Args:
            what: What is read, as the subject of a sentence: "The result".

        Raises:
            StorageError: The database refused.
        """
        with _refusals(f"{what} could not be read"), Session(self._engine) as session:
            yield session

    @contextmanager
    def writing(self, what: str, deed: str = "saved") -> Iterator[Session]:
        """Open a session that writes, and commit it at the end.

        Args:
            what: What is written, as the subject of a sentence: "The result".
            deed: What is done to it.

        Raises:
            StorageError: The database refused; nothing was changed.
        """
        with _refusals(f"{what} could not be {deed}"), Session(self._engine) as session:
            session.connection(execution_options={_WRITES: True})
            yield session
            session.commit()

    def check(self) -> None:
        """Ask the database for a sign of life.

        Raises:
            StorageError: It gives none.
        """
        with _refusals("The database of results does not answer"), self._engine.connect() as link:
            link.execute(sa.text("SELECT id FROM result LIMIT 1"))

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


def _upgrade(link: sa.Connection) -> None:
    is_sqlite = link.dialect.name == "sqlite"
    if is_sqlite:
        _set_patience(link, _UPGRADE_TIMEOUT_MS)
    upgrade(link)
    if is_sqlite:
        _set_patience(link, _BUSY_TIMEOUT_MS)


def _set_patience(link: sa.Connection, timeout_ms: int) -> None:
    driver = link.connection.driver_connection
    driver.execute(f"PRAGMA busy_timeout={timeout_ms}")  # type: ignore[union-attr]  # SQLite's own


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
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    """Let readers and a writer work at once, and a commit cost no wait for the disk.

    With a write-ahead log and ``synchronous=NORMAL`` a commit survives the end of the process, of
    any kind. A loss of power can take the commits since the log was last written out (about every
    thousand pages), and never damages the database.
    """
    connection.isolation_level = None  # transactions begin where we say, see _begin_sqlite
    connection.execute(f"PRAGMA busy_timeout={_BUSY_TIMEOUT_MS}")
    _write_ahead(connection)
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("PRAGMA foreign_keys=ON")


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Change to the write-ahead log, once whoever writes without it has ended.

    SQLite itself does not wait here, whatever its ``busy_timeout``: it reads the file before it
    changes it, and two readers that both want to write could wait for each other forever.
    """
    ends_at = time.monotonic() + _BUSY_TIMEOUT_MS / 1000
    while not _writes_ahead(connection, is_last_try=time.monotonic() > ends_at):
        time.sleep(_BUSY_PAUSE_S)


def _writes_ahead(connection: sqlite3.Connection, *, is_last_try: bool) -> bool:
    try:
        connection.execute("PRAGMA journal_mode=WAL")
    except sqlite3.OperationalError as error:
        if is_last_try or error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True


def _begin_sqlite(link: sa.Connection) -> None:
    writes = link.get_execution_options().get(_WRITES, False)
    link.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def _refusals(sentence: str) -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        raise StorageError(f"{sentence}.") from error
