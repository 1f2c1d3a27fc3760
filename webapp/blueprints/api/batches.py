"""Many pictures in one request: each is answered, or refused, by itself."""

from typing import Any

from flask import Response, jsonify, request, url_for
from werkzeug.exceptions import RequestEntityTooLarge

from vision import PictureError
from webapp.blueprints.api.blueprint import blueprint
from webapp.blueprints.api.forms import result_form
from webapp.blueprints.api.idempotent import idempotent
from webapp.blueprints.api.shapes import Batch, Refused
from webapp.exceptions import (
    BodyTypeError,
    BusyError,
    FieldError,
    NoAnswerError,
    NoModelError,
    NoPictureError,
    QuotaError,
    StillRunningError,
    StorageError,
    UploadError,
)
from webapp.http.request_log import note_model
from webapp.http.request_picture import allow_many, form_files, form_picture
from webapp.http.uploads import clean_name
from webapp.openapi.operation import Operation, PictureBody, describes
from webapp.openapi.parameters import IDEMPOTENCY_KEY
from webapp.problems import problem_of
from webapp.results import parse_threshold
from webapp.services import services
from webapp.storage.originals import random_id

# What one picture ends with, and leaves the others alone.
_OF_ONE = (
    UploadError, PictureError, RequestEntityTooLarge, BusyError, QuotaError, NoAnswerError,
    StorageError,
)  # fmt: skip


@blueprint.url_value_preprocessor
def _expect_many(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Let the form carry several pictures, before anything reads it."""
    if endpoint == "api.send_batch":
        allow_many()


@blueprint.post("/batches")
@describes(
    Operation(
        {201: Batch},
        takes=PictureBody(is_many=True),
        parameters=(IDEMPOTENCY_KEY,),
        raises=(NoPictureError, BodyTypeError, FieldError, StillRunningError, NoModelError),
        is_located=True,
    )
)
@idempotent
def send_batch() -> Response:
    """Look at several pictures of one form.

    A picture that cannot be used, or gets no answer, is listed under `refused` and takes no other
    with it.
    """
    model_name = request.form.get("model")
    threshold = parse_threshold(request.form.get("threshold"))
    note_model(services().models.choose(model_name).card.name)
    batch_id, results, refused = random_id(), [], []
    for number, file in enumerate(form_files()):
        try:
            made = services().recogniser.recognise(
                form_picture(number),
                model_name=model_name,
                threshold=threshold,
                batch_id=batch_id,
            )
            results.append(result_form(made.expect_done()))
        except _OF_ONE as error:
            refused.append(_refused(clean_name(file.filename or ""), error))
    address = url_for("api.results", batch=batch_id)
    page = url_for("batches.show", batch_id=batch_id)
    document: Batch = {
        "id": batch_id,
        "results": results,
        "refused": refused,
        "links": {"results": address, "page": page},
    }
    response = jsonify(document)
    response.status_code = 201
    response.headers["Location"] = address
    return response


def _refused(image_name: str, error: Exception) -> Refused:
    problem = problem_of(error)
    return {
        "image_name": image_name,
        "status": problem.status,
        "title": problem.title,
        "detail": problem.sentence,
        "id": problem.result.id if problem.result else None,
    }
