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
from webapp.exceptions import (
    NoModelError,
    OriginalGoneError,
    StorageError,
    TaskError,
    UnknownModelError,
    UnknownResultError,
)
from webapp.failures import FailureKind
from webapp.http.uploads import Upload
from webapp.limits.gate import Gate, GateLimits
from webapp.limits.quota import Quota
from webapp.models import ModelRepository
from webapp.recognise import Recogniser, RecogniserLimits
from webapp.results import Result, State, Task
from webapp.serving import SharedClient
from webapp.storage.originals import Originals
from webapp.storage.store import ResultStore
from webapp.testing import FakeModelServer, install_classifier, install_model

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
def recogniser(
    tmp_path: Path, results: ScriptedStore, originals: Originals, model_server: FakeModelServer
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
        now=lambda: NOON,
    )


@pytest.fixture
def upload(photo: bytes) -> Upload:
    return Upload(photo, "dog.jpg")


def stored_files(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "originals").rglob("*") if path.is_file()]


def test_model_is_asked_for_one_small_picture_in_time(
    recogniser: Recogniser, upload: Upload, model_server: FakeModelServer
) -> None:
    """The model gets the pixels it looks at, by its card's names, within the deadline."""
    recogniser.recognise(upload)

    (call,) = [each for each in model_server.transport.calls if isinstance(each, PredictCall)]
    assert call.model.name == "toy"
    (image,) = call.inputs.values()
    assert list(call.inputs) == ["image"]
    assert image.shape == (1, 300, 300, 3)
    assert image.dtype == np.uint8
    assert set(call.output_names) == {"boxes", "scores", "classes", "count"}
    assert all(timeout_s <= 4.0 for timeout_s in model_server.transport.timeouts_s)


def test_result_is_stored_as_it_is_returned(
    recogniser: Recogniser, results: ScriptedStore, upload: Upload, photo: bytes
) -> None:
    """What the caller gets is what can be read later."""
    result = recogniser.recognise(upload, threshold=0.7)

    assert results.get(result.id) == result
    assert result.state is State.DONE
    assert result.created_at == NOON
    assert (result.width, result.height) == (640, 480)
    assert result.original_bytes == len(photo)
    assert result.model_version == 3
    assert [each.label for each in result.shown] == ["dog"]
    assert [each.label for each in result.detections] == ["dog", "person", "cat"]


def test_file_and_row_are_there_before_the_model_is_asked(
    recogniser: Recogniser,
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

    recogniser.recognise(upload)

    assert seen == [State.PENDING]


def test_interrupted_result_can_be_finished(
    recogniser: Recogniser, results: ScriptedStore, upload: Upload, model_server: FakeModelServer
) -> None:
    """A picture whose process died while the model worked is answered on a retry."""
    added: list[Result] = []
    results.on_add = added.append
    model_server.on_predict = _die
    with pytest.raises(SystemExit):
        recogniser.recognise(upload)
    assert results.get(added[0].id).failure_kind is FailureKind.UNFINISHED
    model_server.on_predict = lambda: None

    result = recogniser.retry(added[0].id)

    assert result.state is State.DONE
    assert result == results.get(added[0].id)


def _die() -> None:
    raise SystemExit


def test_crash_between_file_and_row_leaves_no_row(
    tmp_path: Path, recogniser: Recogniser, results: ScriptedStore, upload: Upload
) -> None:
    """A process that dies after the file and before the row leaves a whole file and no row."""
    added: list[Result] = []

    def die(result: Result) -> None:
        added.append(result)
        raise SystemExit

    results.on_add = die

    with pytest.raises(SystemExit):
        recogniser.recognise(upload)

    assert [path.read_bytes() for path in stored_files(tmp_path)] == [upload.data]
    with pytest.raises(UnknownResultError):
        results.get(added[0].id)


def test_refused_row_takes_the_file_with_it(
    tmp_path: Path, recogniser: Recogniser, results: ScriptedStore, upload: Upload
) -> None:
    """When the database refuses, nothing is left that nobody knows of."""
    results.on_add = _refuse

    with pytest.raises(StorageError):
        recogniser.recognise(upload)

    assert stored_files(tmp_path) == []


def _refuse(_result: Result) -> None:
    raise StorageError("The disk is full.")


def test_answer_that_cannot_be_kept_can_be_asked_for_again(
    recogniser: Recogniser, results: ScriptedStore, upload: Upload
) -> None:
    """When the database refuses the answer, the picture and its row are still there."""
    results.on_update = _refuse
    pending = recogniser.recognise(upload)
    results.on_update = lambda _result: None

    done = recogniser.retry(pending.id)

    assert pending.state is State.PENDING
    assert done.state is State.DONE


@pytest.mark.parametrize("data", [b"", b"text", b"\xff\xd8\xff\xe0\x00\x10JFIF"])
def test_no_picture_is_never_stored(tmp_path: Path, recogniser: Recogniser, data: bytes) -> None:
    """What cannot be decoded is refused before anything is written."""
    with pytest.raises(PictureError):
        recogniser.recognise(Upload(data, "dog.jpg"))

    assert stored_files(tmp_path) == []


def test_unknown_model_is_refused_before_anything_is_written(
    tmp_path: Path, recogniser: Recogniser, upload: Upload
) -> None:
    """A model that is not there is the caller's mistake; none at all is ours."""
    with pytest.raises(UnknownModelError):
        recogniser.recognise(upload, model_name="other")
    (tmp_path / "models" / "toy" / "model.toml").unlink()
    with pytest.raises(NoModelError):
        recogniser.recognise(upload)

    assert stored_files(tmp_path) == []


def test_late_failure_does_not_overwrite_an_answer(
    recogniser: Recogniser, results: ScriptedStore, upload: Upload, model_server: FakeModelServer
) -> None:
    """Of two retries at once, the one that fails later leaves the other's answer."""
    model_server.failure = UnavailableError
    failed = recogniser.recognise(upload)
    model_server.failure = None
    done = recogniser.retry(failed.id)

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
    recogniser: Recogniser,
    results: ScriptedStore,
    upload: Upload,
    model_server: FakeModelServer,
    *,
    error: type[RpcError],
    kind: FailureKind,
) -> None:
    """Why there is no answer is kept with the picture, for programs and people."""
    model_server.failure = error

    result = recogniser.recognise(upload)

    assert result == results.get(result.id)
    assert (result.state, result.failure_kind) == (State.FAILED, kind)
    assert result.failure_sentence.endswith(".")
    assert len(result.shown) == 0


def test_classifier_is_asked_for_its_best_classes(
    tmp_path: Path, recogniser: Recogniser, upload: Upload, model_server: FakeModelServer
) -> None:
    """A classifier gets the pixels it looks at, and is not asked for the rest of the classes."""
    install_classifier(tmp_path / "models", "namer")

    recogniser.recognise(upload, model_name="namer")

    (call,) = [each for each in model_server.transport.calls if isinstance(each, PredictCall)]
    (image,) = call.inputs.values()
    assert image.shape == (1, 224, 224, 3)
    assert set(call.output_names) == {"class_ids", "class_scores", "class_names"}


def test_classification_is_stored_as_it_is_returned(
    tmp_path: Path,
    recogniser: Recogniser,
    results: ScriptedStore,
    upload: Upload,
) -> None:
    """All classes that the model gives are kept; those from the threshold up are shown."""
    install_classifier(tmp_path / "models", "namer", threshold=0.2)

    result = recogniser.recognise(upload, model_name="namer")

    assert results.get(result.id) == result
    assert (result.task, result.state) == (Task.CLASSIFICATION, State.DONE)
    assert result.classification.labels[:3] == ("tabby", "golden retriever", "macaw")
    assert result.shown_classes.labels == ("tabby", "golden retriever")
    assert result.at_threshold(0.99).shown_classes.labels == ("tabby",)
    assert len(result.classification) == 5
    assert len(result.detections) == 0


def test_interrupted_classification_can_be_finished(
    tmp_path: Path, recogniser: Recogniser, upload: Upload, model_server: FakeModelServer
) -> None:
    """A retry asks the same kind of model and gives the same kind of answer."""
    install_classifier(tmp_path / "models", "namer")
    model_server.failure = UnavailableError
    failed = recogniser.recognise(upload, model_name="namer")
    model_server.failure = None

    done = recogniser.retry(failed.id)

    assert failed.state is State.FAILED
    assert (done.task, done.shown_labels[0]) == (Task.CLASSIFICATION, "tabby")


def test_other_model_is_asked_about_the_same_picture(
    tmp_path: Path, recogniser: Recogniser, results: ScriptedStore, upload: Upload
) -> None:
    """It makes a result of its own about the same file, and the first one stays as it is."""
    install_classifier(tmp_path / "models", "namer")
    first = recogniser.recognise(upload, threshold=0.7, batch_id="a" * 32)

    second = recogniser.again(first.id, model_name="namer")

    assert results.get(first.id) == first
    assert results.get(second.id) == second
    assert second.original_name == first.original_name
    assert (second.image_name, second.width, second.height) == ("dog.jpg", 640, 480)
    assert (second.task, second.threshold) == (Task.CLASSIFICATION, 0.05)
    assert (first.batch_id, second.batch_id) == ("a" * 32, None)
    assert len(stored_files(tmp_path)) == 1


def test_lost_picture_cannot_be_asked_about_again(
    tmp_path: Path, recogniser: Recogniser, upload: Upload
) -> None:
    """Without its file a result can be read, and no model be asked."""
    first = recogniser.recognise(upload)
    stored_files(tmp_path)[0].unlink()

    with pytest.raises(OriginalGoneError):
        recogniser.again(first.id)
    with pytest.raises(UnknownResultError):
        recogniser.again("0" * 32)
    with pytest.raises(UnknownModelError):
        recogniser.again(first.id, model_name="other")


def test_model_for_another_task_is_refused(
    tmp_path: Path, recogniser: Recogniser, upload: Upload
) -> None:
    """Who asks for classes gets no boxes, and the default is the best model for the task."""
    install_classifier(tmp_path / "models", "namer")

    named = recogniser.recognise(upload, task=Task.CLASSIFICATION)
    with pytest.raises(TaskError, match="The model toy is for detection, not for classification"):
        recogniser.recognise(upload, model_name="toy", task=Task.CLASSIFICATION)
    (tmp_path / "models" / "namer" / "model.toml").unlink()
    with pytest.raises(NoModelError, match="No model for classification is installed"):
        recogniser.recognise(upload, task=Task.CLASSIFICATION)

    assert named.model_name == "namer"
    assert len(stored_files(tmp_path)) == 1
