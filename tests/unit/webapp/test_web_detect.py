"""The use case without HTTP: what is kept, when, and what the model is asked."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from serving_client import (
    DeadlineExceededError,
    InvalidArgumentError,
    NotFoundError,
    ResourceExhaustedError,
    RpcError,
    UnavailableError,
)
from serving_client.testing import PredictCall
from vision import DecodeLimits, PictureError
from webapp.detect import Detector, DetectorLimits
from webapp.exceptions import NoModelError, StorageError, UnknownModelError, UnknownResultError
from webapp.failures import FailureKind
from webapp.models import ModelRepository
from webapp.originals import Originals
from webapp.results import Result, State
from webapp.serving import SharedClient
from webapp.store import ResultStore
from webapp.testing import FakeModelServer, install_model
from webapp.uploads import Upload

NOON = datetime(2026, 3, 9, 12, 0, tzinfo=UTC)


class ScriptedStore(ResultStore):
    """A database that does what a test tells it to before a row is written."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.on_add: Callable[[Result], None] = lambda _result: None
        self.on_update: Callable[[Result], None] = lambda _result: None

    def add(self, result: Result) -> None:
        self.on_add(result)
        super().add(result)

    def update(self, result: Result) -> None:
        self.on_update(result)
        super().update(result)


@pytest.fixture
def results(tmp_path: Path) -> Iterator[ScriptedStore]:
    store = ScriptedStore(f"sqlite:///{tmp_path}/results.sqlite3")
    yield store
    store.close()


@pytest.fixture
def originals(tmp_path: Path) -> Originals:
    return Originals(tmp_path / "originals")


@pytest.fixture
def detector(
    tmp_path: Path, results: ScriptedStore, originals: Originals, model_server: FakeModelServer
) -> Detector:
    install_model(tmp_path / "models", "toy")
    return Detector(
        models=ModelRepository(tmp_path / "models"),
        originals=originals,
        results=results,
        client=SharedClient(model_server.client),
        limits=DetectorLimits(DecodeLimits(10_000_000), call_timeout_s=4.0, score_floor=0.05),
        now=lambda: NOON,
    )


@pytest.fixture
def upload(photo: bytes) -> Upload:
    return Upload(photo, "dog.jpg")


def stored_files(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "originals").rglob("*") if path.is_file()]


def test_model_is_asked_for_one_small_picture_in_time(
    detector: Detector, upload: Upload, model_server: FakeModelServer
) -> None:
    """The model gets the pixels it looks at, by its card's names, within the deadline."""
    detector.detect(upload)

    (call,) = [each for each in model_server.transport.calls if isinstance(each, PredictCall)]
    assert call.model.name == "toy"
    (image,) = call.inputs.values()
    assert list(call.inputs) == ["image"]
    assert image.shape == (1, 300, 300, 3)
    assert image.dtype == np.uint8
    assert set(call.output_names) == {"boxes", "scores", "classes", "count"}
    assert all(timeout_s <= 4.0 for timeout_s in model_server.transport.timeouts_s)


def test_result_is_stored_as_it_is_returned(
    detector: Detector, results: ScriptedStore, upload: Upload, photo: bytes
) -> None:
    """What the caller gets is what can be read later."""
    result = detector.detect(upload, threshold=0.7)

    assert results.get(result.id) == result
    assert result.state is State.DONE
    assert result.created_at == NOON
    assert (result.width, result.height) == (640, 480)
    assert result.original_bytes == len(photo)
    assert result.model_version == 3
    assert [each.label for each in result.shown] == ["dog"]
    assert [each.label for each in result.detections] == ["dog", "person", "cat"]


def test_file_and_row_are_there_before_the_model_is_asked(
    detector: Detector,
    results: ScriptedStore,
    originals: Originals,
    upload: Upload,
    model_server: FakeModelServer,
) -> None:
    """While the model works, the upload is already safe."""
    seen: list[State] = []
    added: list[Result] = []
    results.on_add = added.append

    def look() -> None:
        row = results.get(added[0].id)
        assert originals.path(row.original_name).read_bytes() == upload.data
        seen.append(row.state)

    model_server.on_predict = look

    detector.detect(upload)

    assert seen == [State.PENDING]


def test_interrupted_result_can_be_finished(
    detector: Detector, results: ScriptedStore, upload: Upload, model_server: FakeModelServer
) -> None:
    """A picture whose process died while the model worked is answered on a retry."""
    added: list[Result] = []
    results.on_add = added.append
    model_server.on_predict = _die
    with pytest.raises(SystemExit):
        detector.detect(upload)
    assert results.get(added[0].id).failure_kind is FailureKind.UNFINISHED
    model_server.on_predict = lambda: None

    result = detector.retry(added[0].id)

    assert result.state is State.DONE
    assert result == results.get(added[0].id)


def _die() -> None:
    raise SystemExit


def test_crash_between_file_and_row_leaves_no_row(
    tmp_path: Path, detector: Detector, results: ScriptedStore, upload: Upload
) -> None:
    """A process that dies after the file and before the row leaves a whole file and no row."""
    added: list[Result] = []

    def die(result: Result) -> None:
        added.append(result)
        raise SystemExit

    results.on_add = die

    with pytest.raises(SystemExit):
        detector.detect(upload)

    assert [path.read_bytes() for path in stored_files(tmp_path)] == [upload.data]
    with pytest.raises(UnknownResultError):
        results.get(added[0].id)


def test_refused_row_takes_the_file_with_it(
    tmp_path: Path, detector: Detector, results: ScriptedStore, upload: Upload
) -> None:
    """When the database refuses, nothing is left that nobody knows of."""
    results.on_add = _refuse

    with pytest.raises(StorageError):
        detector.detect(upload)

    assert stored_files(tmp_path) == []


def _refuse(_result: Result) -> None:
    raise StorageError("The disk is full.")


def test_answer_that_cannot_be_kept_can_be_asked_for_again(
    detector: Detector, results: ScriptedStore, upload: Upload
) -> None:
    """When the database refuses the answer, the picture and its row are still there."""
    results.on_update = _refuse
    pending = detector.detect(upload)
    results.on_update = lambda _result: None

    done = detector.retry(pending.id)

    assert pending.state is State.PENDING
    assert done.state is State.DONE


@pytest.mark.parametrize("data", [b"", b"text", b"\xff\xd8\xff\xe0\x00\x10JFIF"])
def test_no_picture_is_never_stored(tmp_path: Path, detector: Detector, data: bytes) -> None:
    """What cannot be decoded is refused before anything is written."""
    with pytest.raises(PictureError):
        detector.detect(Upload(data, "dog.jpg"))

    assert stored_files(tmp_path) == []


def test_unknown_model_is_refused_before_anything_is_written(
    tmp_path: Path, detector: Detector, upload: Upload
) -> None:
    """A model that is not there is the caller's mistake; none at all is ours."""
    with pytest.raises(UnknownModelError):
        detector.detect(upload, model_name="other")
    (tmp_path / "models" / "toy" / "model.toml").unlink()
    with pytest.raises(NoModelError):
        detector.detect(upload)

    assert stored_files(tmp_path) == []


def test_late_failure_does_not_overwrite_an_answer(
    detector: Detector, results: ScriptedStore, upload: Upload, model_server: FakeModelServer
) -> None:
    """Of two retries at once, the one that fails later leaves the other's answer."""
    model_server.failure = UnavailableError
    failed = detector.detect(upload)
    model_server.failure = None
    done = detector.retry(failed.id)

    results.update(failed)

    assert results.get(failed.id) == done


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (UnavailableError, FailureKind.UNREACHABLE),
        (DeadlineExceededError, FailureKind.TOO_SLOW),
        (NotFoundError, FailureKind.NOT_SERVED),
        (ResourceExhaustedError, FailureKind.OVERLOADED),
        (InvalidArgumentError, FailureKind.BROKEN_ANSWER),
    ],
)
def test_failure_is_stored_with_its_kind(
    detector: Detector,
    results: ScriptedStore,
    upload: Upload,
    model_server: FakeModelServer,
    *,
    error: type[RpcError],
    kind: FailureKind,
) -> None:
    """Why there is no answer is kept with the picture, for programs and people."""
    model_server.failure = error

    result = detector.detect(upload)

    assert result == results.get(result.id)
    assert (result.state, result.failure_kind) == (State.FAILED, kind)
    assert result.failure_sentence.endswith(".")
    assert len(result.shown) == 0
