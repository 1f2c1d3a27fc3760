"""Results in the database."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from vision import Detections
from webapp.exceptions import StorageError, UnknownResultError
from webapp.failures import UNFINISHED
from webapp.results import NO_DETECTIONS, Result, StageTimes, State
from webapp.storage.originals import random_id
from webapp.storage.store import ResultStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ResultStore]:
    store = ResultStore(f"sqlite:///{tmp_path}/new/folder/results.sqlite3")
    yield store
    store.close()


def pending() -> Result:
    return Result(
        id=random_id(),
        created_at=datetime(2026, 3, 9, 12, 30, 1, 250, tzinfo=UTC),
        image_name="犬 dog.jpg",
        original_name=f"{random_id()}.jpg",
        original_bytes=5_000_000_000,
        original_sha256="0" * 64,
        width=1920,
        height=1080,
        model_name="toy",
        model_version=None,
        threshold=0.5,
        score_floor=0.05,
        state=State.PENDING,
        failure_kind=UNFINISHED.kind,
        failure_sentence=UNFINISHED.sentence,
        detections=NO_DETECTIONS,
        times=None,
    )


def test_pending_result_reads_back_equal(store: ResultStore) -> None:
    """A row gives back what was put in, time zone and all."""
    result = pending()

    store.add(result)

    assert store.get(result.id) == result
    assert store.get(result.id).created_at.tzinfo is UTC


def test_finished_result_reads_back_equal(store: ResultStore) -> None:
    """Detections keep their order, their single precision and 64-bit version numbers."""
    result = pending()
    store.add(result)
    done = replace(
        result,
        model_version=2**62,
        state=State.DONE,
        failure_kind=None,
        failure_sentence="",
        detections=Detections(
            xyxy=np.array([[0.1, 0.2, 0.3, 0.4], [1, 2, 3, 4]], dtype=np.float32),
            class_ids=np.array([18, 2**40]),
            scores=np.array([0.1, 1 / 3], dtype=np.float32),
            labels=("dog", "“thing”"),
        ),
        times=StageTimes(1.0, 2.5, 0.1, 30.0, 0.2, 33.8),
    )

    store.update(done)

    assert store.get(result.id) == done


def test_unknown_result_is_not_found(store: ResultStore) -> None:
    """An id without a row, or that is none, is the same to a reader."""
    for result_id in ("", "x", "0" * 32, "0" * 31 + "\x00", "' OR 1=1 --"):
        with pytest.raises(UnknownResultError):
            store.get(result_id)


def test_id_is_taken_once(store: ResultStore) -> None:
    """A second row of the same id is refused, and the first stays."""
    result = pending()
    store.add(result)

    with pytest.raises(StorageError, match="could not be saved"):
        store.add(replace(result, image_name="other.jpg"))

    assert store.get(result.id) == result


def test_database_that_cannot_be_opened_says_so(tmp_path: Path) -> None:
    """A file that is no database, or a folder that cannot be made, is one sentence."""
    (tmp_path / "file").write_bytes(
        b"this is no database, and long enough to be taken for one" * 20
    )

    for url in (f"sqlite:///{tmp_path}/file", f"sqlite:///{tmp_path}/file/below.sqlite3"):
        with pytest.raises(StorageError, match=r"cannot be opened\.$"):
            ResultStore(url)


@pytest.mark.parametrize("url", ["", "no url", "nosuch://host/name"])
def test_url_that_makes_no_sense_says_so(url: str) -> None:
    """A URL that names no database is one sentence."""
    with pytest.raises(StorageError, match="cannot be opened"):
        ResultStore(url)


def test_readers_do_not_wait_for_a_writer(tmp_path: Path, store: ResultStore) -> None:
    """While somebody writes, results can be read."""
    result = pending()
    store.add(result)
    path = tmp_path / "new" / "folder" / "results.sqlite3"

    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        read = store.get(result.id)

    assert read == result
