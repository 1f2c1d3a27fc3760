"""Deleting: rows, then files, and each file with the last result about it."""

import logging
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from vision import DecodeLimits
from webapp.exceptions import OriginalGoneError, StorageError, UnknownResultError
from webapp.http.uploads import Upload
from webapp.limits.gate import Gate, GateLimits
from webapp.limits.quota import Quota
from webapp.models import ModelRepository
from webapp.recognise import Recogniser, RecogniserLimits
from webapp.results import Result
from webapp.serving import SharedClient
from webapp.storage.originals import Originals, random_id
from webapp.storage.query import ResultQuery
from webapp.storage.remove import Remover
from webapp.storage.store import ResultStore
from webapp.testing import FakeModelServer, install_model

Ask = Callable[[], Result]


class StubbornOriginals(Originals):
    """A folder from which nothing can be removed while a test says so."""

    is_stuck = False

    def discard(self, name: str) -> None:
        if self.is_stuck:
            raise PermissionError("as the test told it to")
        super().discard(name)


@pytest.fixture
def results(tmp_path: Path) -> Iterator[ResultStore]:
    store = ResultStore(f"sqlite:///{tmp_path}/results.sqlite3")
    yield store
    store.close()


@pytest.fixture
def originals(tmp_path: Path) -> StubbornOriginals:
    return StubbornOriginals(tmp_path / "originals")


@pytest.fixture
def remover(results: ResultStore, originals: StubbornOriginals) -> Remover:
    return Remover(results, originals)


@pytest.fixture
def recogniser(
    tmp_path: Path, results: ResultStore, originals: Originals, model_server: FakeModelServer
) -> Recogniser:
    install_model(tmp_path / "models", "toy")
    return Recogniser(
        models=ModelRepository(tmp_path / "models"),
        originals=originals,
        results=results,
        client=SharedClient(model_server.client),
        limits=RecogniserLimits(DecodeLimits(10_000_000), call_timeout_s=4.0, score_floor=0.05),
        gate=Gate(GateLimits(running_max=4, waiting_max=4, wait_s=5.0)),
        quota=Quota(0, lambda: 0),
        on_result=lambda _: None,
    )


@pytest.fixture
def ask(recogniser: Recogniser, photo: bytes) -> Ask:
    """A function that keeps a picture, has it answered, and returns the result."""
    return lambda: recogniser.recognise(Upload(photo, "dog.jpg"))


def stored_files(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "originals").rglob("*") if path.is_file()]


def audit_rows(tmp_path: Path) -> list[tuple[str, str, str, int]]:
    columns = "action, actor, result_id, is_original_removed"
    with closing(sqlite3.connect(tmp_path / "results.sqlite3")) as link:
        return link.execute(f"SELECT {columns} FROM audit ORDER BY id").fetchall()  # noqa: S608


def test_deleted_result_is_gone_with_its_file(
    tmp_path: Path, remover: Remover, results: ResultStore, ask: Ask
) -> None:
    """Row, labels and file go; another result and its file stay."""
    first, other = ask(), ask()

    removal = remover.remove([first.id])

    assert removal.results == (first,)
    assert removal.originals_left == 0
    with pytest.raises(UnknownResultError):
        results.get(first.id)
    assert [path.name for path in stored_files(tmp_path)] == [other.original_name]
    assert results.count(ResultQuery(label="dog")) == 1


def test_file_goes_with_the_last_result_about_it(
    tmp_path: Path, recogniser: Recogniser, remover: Remover, ask: Ask
) -> None:
    """While another answer about the same picture is kept, so is the picture."""
    first = ask()
    second = recogniser.again(first.id)

    remover.remove([first.id])
    between = stored_files(tmp_path)
    remover.remove([second.id])

    assert [path.name for path in between] == [second.original_name]
    assert stored_files(tmp_path) == []
    removed = [row[3] for row in audit_rows(tmp_path)]
    assert removed == [0, 1]


def test_deletion_is_recorded(
    tmp_path: Path, remover: Remover, ask: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    """Who deleted what stands in the audit log, and in the log of the program."""
    result = ask()

    with caplog.at_level(logging.INFO, "webapp.audit"):
        remover.remove([result.id, result.id, "0" * 32, "no id"], actor="Ann\n2")

    assert audit_rows(tmp_path) == [("delete", "Ann\n2", result.id, 1)]
    (line,) = [each.getMessage() for each in caplog.records]
    assert result.id in line
    assert "'Ann\\n2'" in line


def test_nothing_to_delete_is_no_error(tmp_path: Path, remover: Remover) -> None:
    """Deleting nothing, or what is gone, does nothing."""
    assert remover.remove([]).results == ()
    assert remover.remove([random_id()]).results == ()
    assert audit_rows(tmp_path) == []


def test_file_that_is_stuck_is_removed_later(
    tmp_path: Path, remover: Remover, originals: StubbornOriginals, ask: Ask
) -> None:
    """A file that cannot be removed now is tried again, and nobody can read it meanwhile."""
    result = ask()
    originals.is_stuck = True
    removal = remover.remove([result.id])
    originals.is_stuck = False

    left = remover.sweep()

    assert removal.originals_left == 1
    assert left == 0
    assert stored_files(tmp_path) == []


def test_refused_deletion_leaves_everything(
    tmp_path: Path, remover: Remover, results: ResultStore, ask: Ask
) -> None:
    """Where the database refuses, row and file are both still there."""
    result = ask()
    with closing(sqlite3.connect(tmp_path / "results.sqlite3")) as link, link:
        link.execute(
            "CREATE TRIGGER no BEFORE DELETE ON result BEGIN SELECT RAISE(ABORT, 'no'); END"
        )

    with pytest.raises(StorageError, match="could not be deleted"):
        remover.remove([result.id])

    assert results.get(result.id) == result
    assert len(stored_files(tmp_path)) == 1
    assert audit_rows(tmp_path) == []


def test_new_answer_about_a_deleted_picture_is_refused(
    tmp_path: Path, remover: Remover, results: ResultStore, ask: Ask
) -> None:
    """A picture that is deleted while another model is about to be asked stays deleted."""
    result = ask()
    remover.remove([result.id])

    with pytest.raises(OriginalGoneError):
        results.add_again(replace(result, id=random_id()))

    assert stored_files(tmp_path) == []


def test_deletions_at_once_leave_no_file(tmp_path: Path, remover: Remover, ask: Ask) -> None:
    """Many that delete the same results at once delete each once."""
    made = [ask() for _ in range(4)]

    with ThreadPoolExecutor(4) as pool:
        removals = list(pool.map(remover.remove, [[each.id for each in made]] * 4))

    assert sum(len(removal.results) for removal in removals) == 4
    assert stored_files(tmp_path) == []
    assert len(audit_rows(tmp_path)) == 4
