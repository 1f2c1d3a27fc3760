"""A database of an earlier version is brought up to date, once, whoever comes first."""

import json
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from webapp.exceptions import StorageError
from webapp.results import Task
from webapp.storage.query import ResultQuery
from webapp.storage.store import ResultStore
from webapp.storage.tables import Base

# What version 0.1.0 made, by its own words.
FIRST_VERSION = """
CREATE TABLE result (
    id VARCHAR(32) NOT NULL,
    created_at DATETIME NOT NULL,
    image_name TEXT NOT NULL,
    original_name VARCHAR(40) NOT NULL,
    original_bytes BIGINT NOT NULL,
    original_sha256 VARCHAR(64) NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    model_name TEXT NOT NULL,
    model_version BIGINT,
    threshold DOUBLE NOT NULL,
    score_floor DOUBLE NOT NULL,
    state VARCHAR(32) NOT NULL,
    failure_kind VARCHAR(32),
    failure_sentence TEXT NOT NULL,
    detections JSON NOT NULL,
    times JSON,
    PRIMARY KEY (id)
);
CREATE INDEX ix_result_created_at ON result (created_at);
"""
DONE, PENDING = "d" * 32, "e" * 32
DETECTIONS = [
    {"label": "Dog", "score": 0.9, "class_id": 18, "xyxy": [0, 0, 10, 10]},
    {"label": "cat", "score": 0.2, "class_id": 17, "xyxy": [0, 0, 10, 10]},
]
TIMES = {"decode": 1, "store": 1, "encode": 1, "serve": 30.5, "parse": 1, "total": 40}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database as version 0.1.0 leaves it, with an answered result and an unanswered one."""
    path = tmp_path / "results.sqlite3"
    facts = ("dog.jpg", "0" * 32 + ".jpg", 9, "0" * 64, 10, 10, "toy")
    rows = [
        (DONE, *facts, 3, 0.5, 0.05, "done", None, "", json.dumps(DETECTIONS), json.dumps(TIMES)),
        (PENDING, *facts, None, 0.5, 0.05, "pending", "unfinished", "Not yet.", "[]", None),
    ]
    with closing(sqlite3.connect(path)) as link, link:
        link.executescript(FIRST_VERSION)
        marks = ", ".join("?" * 15)
        link.executemany(
            f"INSERT INTO result VALUES (?, '2026-03-09 12:00:00.000000', {marks})",  # noqa: S608
            rows,
        )
    return path


@pytest.fixture
def store(path: Path) -> Iterator[ResultStore]:
    store = ResultStore(f"sqlite:///{path}")
    yield store
    store.close()


def test_results_of_an_earlier_version_are_all_there(store: ResultStore) -> None:
    """What was kept is read as before, and is known to be detections."""
    done, pending = store.get(DONE), store.get(PENDING)

    assert [each.label for each in done.detections] == ["Dog", "cat"]
    assert done.times is not None
    assert done.times.serve == 30.5
    assert done.task is pending.task is Task.DETECTION
    assert len(done.classification) == 0
    assert pending.failure_sentence == "Not yet."


def test_results_of_an_earlier_version_can_be_found(store: ResultStore) -> None:
    """They are listed by what they show, and count for the speed of their model."""
    dogs = store.page(ResultQuery(label="dog")).results

    assert [result.id for result in dogs] == [DONE]
    assert store.labels() == ("dog",)
    assert store.speeds(["toy"])["toy"].median_ms == 30.5


@pytest.mark.parametrize("is_new", [True, False])
def test_steps_come_to_the_tables_of_this_version(path: Path, *, is_new: bool) -> None:
    """A new database and an upgraded one have the tables and indexes that the code expects."""
    path = path.with_name("new.sqlite3") if is_new else path
    ResultStore(f"sqlite:///{path}").close()

    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.connect() as link:
        differences = compare_metadata(MigrationContext.configure(link), Base.metadata)
    engine.dispose()

    assert differences == []


def test_processes_that_start_together_upgrade_once(path: Path) -> None:
    """Whoever comes second waits for the first, and finds the work done."""
    with ThreadPoolExecutor(4) as pool:
        stores = list(pool.map(ResultStore, [f"sqlite:///{path}"] * 4))

    found = [store.get(DONE).model_name for store in stores]
    for store in stores:
        store.close()
    assert found == ["toy"] * 4


def test_writer_of_an_earlier_version_is_waited_for(path: Path) -> None:
    """A database without a write-ahead log that someone writes to is opened when they end."""
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as link:
        assert link.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        link.execute("BEGIN IMMEDIATE")
        end = threading.Timer(0.3, link.execute, ["COMMIT"])
        end.start()

        store = ResultStore(f"sqlite:///{path}")
        end.join()

    assert store.get(DONE).model_name == "toy"
    store.close()


def test_interrupted_upgrade_leaves_the_database_as_it_was(path: Path) -> None:
    """A step that fails takes everything back, and the next start begins anew."""
    with closing(sqlite3.connect(path)) as link, link:
        link.execute("CREATE TABLE audit (id INTEGER)")  # in the way of a later step

    with pytest.raises(StorageError, match="cannot be opened"):
        ResultStore(f"sqlite:///{path}")

    with closing(sqlite3.connect(path)) as link, link:
        names = {name for (name,) in link.execute("SELECT name FROM sqlite_master")}
        columns = {row[1] for row in link.execute("PRAGMA table_info(result)")}
        link.execute("DROP TABLE audit")
    assert "alembic_version" not in names
    assert "result_label" not in names
    assert "batch_id" not in columns
    store = ResultStore(f"sqlite:///{path}")
    assert store.get(DONE).model_name == "toy"
    store.close()


def test_database_of_a_later_version_is_refused(path: Path) -> None:
    """A database that this version does not know is left alone, with a sentence."""
    ResultStore(f"sqlite:///{path}").close()
    with closing(sqlite3.connect(path)) as link, link:
        link.execute("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(StorageError, match="was made by a later version of this program"):
        ResultStore(f"sqlite:///{path}")
