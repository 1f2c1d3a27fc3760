"""Pictures sent to be looked at, and what was found in each."""

from collections.abc import Mapping

from flask import Response, jsonify, request, url_for

from vision import EmptyPictureError, PictureError, UnsupportedFormatError
from webapp.blueprints.api.blueprint import blueprint
from webapp.blueprints.api.forms import answer_form
from webapp.blueprints.api.idempotent import idempotent
from webapp.blueprints.api.shapes import Answer
from webapp.exceptions import (
    BodyTypeError,
    BusyError,
    ExtensionError,
    FieldError,
    NoModelError,
    NoPictureError,
    OriginalGoneError,
    QuotaError,
    StillRunningError,
    StorageError,
    TaskError,
    TooManyBytesError,
    UnknownResultError,
)
from webapp.http.request_log import note_model
from webapp.http.request_picture import FORM_TYPE, body_picture, form_picture
from webapp.http.uploads import Upload
from webapp.openapi.operation import Operation, PictureBody, describes
from webapp.openapi.parameters import IDEMPOTENCY_KEY, MODEL, NAME, THRESHOLD
from webapp.results import Result, Task, parse_threshold
from webapp.services import services

_SENDING = Operation(
    {201: Answer},
    takes=PictureBody(),
    parameters=(MODEL, THRESHOLD, NAME, IDEMPOTENCY_KEY),
    raises=(
        NoPictureError,
        ExtensionError,
        BodyTypeError,
        TooManyBytesError,
        EmptyPictureError,
        UnsupportedFormatError,
        PictureError,
        FieldError,
        TaskError,
        StillRunningError,
        NoModelError,
        BusyError,
        QuotaError,
        StorageError,
    ),
    asks_model=True,
    is_located=True,
)
_READING = Operation(
    {200: Answer},
    parameters=(THRESHOLD,),
    raises=(UnknownResultError, TaskError, FieldError, StorageError),
    asks_model=True,
)
_RETRYING = Operation(
    {200: Answer},
    raises=(
        UnknownResultError, OriginalGoneError, FieldError, NoModelError, PictureError, BusyError,
        StorageError,
    ),
    asks_model=True,
)  # fmt: skip


@blueprint.post("/detections")
@describes(_SENDING)
@idempotent
def detect() -> Response:
    """Find objects in a picture sent as a form, or as the body with its fields in the query."""
    return _created(Task.DETECTION, "api.detection")


@blueprint.get("/detections/<result_id>")
@describes(_READING)
def detection(result_id: str) -> Response:
    """Send the objects of a result again."""
    return _again(result_id, Task.DETECTION)


@blueprint.post("/detections/<result_id>/retry")
@describes(_RETRYING)
def retry_detection(result_id: str) -> Response:
    """Ask the model again about a picture that was kept without an answer."""
    return _answer(services().recogniser.retry(result_id))


@blueprint.post("/classifications")
@describes(_SENDING)
@idempotent
def classify() -> Response:
    """Name a picture sent as a form, or as the body with its fields in the query."""
    return _created(Task.CLASSIFICATION, "api.classification")


@blueprint.get("/classifications/<result_id>")
@describes(_READING)
def classification(result_id: str) -> Response:
    """Send the classes of a result again."""
    return _again(result_id, Task.CLASSIFICATION)


def _created(task: Task, endpoint: str) -> Response:
    upload, fields = _read()
    result = services().recogniser.recognise(
        upload,
        model_name=fields.get("model"),
        threshold=parse_threshold(fields.get("threshold")),
        task=task,
    )
    response = _answer(result)
    response.status_code = 201
    response.headers["Location"] = url_for(endpoint, result_id=result.id)
    return response


def _again(result_id: str, task: Task) -> Response:
    result = services().results.get(result_id)
    if result.task is not task:
        address = url_for("api.result", result_id=result.id)
        raise TaskError(f"This result is a {result.task}, not a {task}: it is at {address}.")
    return _answer(result.at_threshold(parse_threshold(request.args.get("threshold"))))


def _read() -> tuple[Upload, Mapping[str, str]]:
    if request.mimetype == FORM_TYPE:
        return form_picture(), request.form
    return body_picture(), request.args


def _answer(result: Result) -> Response:
    """Return the answer's JSON form.

    Raises:
        NoAnswerError: There is none.
    """
    note_model(result.model_name)
    return jsonify(answer_form(result.expect_done()))
