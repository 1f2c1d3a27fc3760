"""Everything that is kept: listed, read, asked about again and deleted."""

from urllib.parse import urlencode

from flask import Response, jsonify, request, url_for

from vision import PictureError
from webapp.access.guard import actor
from webapp.blueprints.api.blueprint import blueprint, nothing_left
from webapp.blueprints.api.forms import result_form
from webapp.blueprints.api.idempotent import idempotent
from webapp.blueprints.api.shapes import AskAgain, KeptResult, ResultList
from webapp.exceptions import (
    BusyError,
    FieldError,
    NoModelError,
    OriginalGoneError,
    StillRunningError,
    StorageError,
    UnknownResultError,
)
from webapp.http.request_fields import json_fields, json_text, json_threshold
from webapp.http.request_log import note_model
from webapp.openapi.operation import JsonBody, Operation, describes
from webapp.openapi.parameters import IDEMPOTENCY_KEY, LISTING, THRESHOLD
from webapp.results import Result, parse_threshold
from webapp.services import services
from webapp.storage.query import parse_query

_ASKING = (
    UnknownResultError,
    OriginalGoneError,
    FieldError,
    PictureError,
    NoModelError,
    BusyError,
    StorageError,
)


@blueprint.get("/results")
@describes(Operation({200: ResultList}, parameters=LISTING, raises=(FieldError, StorageError)))
def results() -> Response:
    """List results, the newest first, page by page."""
    query = parse_query(request.args)
    page = services().results.page(query)
    fields = urlencode(request.args.to_dict() | {"cursor": str(page.next)})
    return jsonify(
        {
            "results": [result_form(each) for each in page.results],
            "next": f"{request.path}?{fields}" if page.next else None,
        }
    )


@blueprint.get("/results/<result_id>")
@describes(
    Operation(
        {200: KeptResult},
        parameters=(THRESHOLD,),
        raises=(UnknownResultError, FieldError, StorageError),
    )
)
def result(result_id: str) -> Response:
    """Send all of a result, answered or not."""
    found = services().results.get(result_id)
    note_model(found.model_name)
    return jsonify(result_form(found.at_threshold(parse_threshold(request.args.get("threshold")))))


@blueprint.delete("/results/<result_id>")
@describes(Operation({204: None}, raises=(UnknownResultError, StorageError)))
def delete(result_id: str) -> Response:
    """Delete a result, and its original if no other result is about it."""
    removal = services().remover.remove([result_id], actor=str(actor()))
    if not removal.results:
        raise UnknownResultError
    return nothing_left()


@blueprint.post("/results/<result_id>/again")
@describes(
    Operation(
        {201: KeptResult},
        takes=JsonBody(AskAgain),
        parameters=(IDEMPOTENCY_KEY,),
        raises=(*_ASKING, StillRunningError),
        asks_model=True,
        is_located=True,
    )
)
@idempotent
def again(result_id: str) -> Response:
    """Ask another model about the same picture; that makes a new result."""
    fields = json_fields()
    made = services().recogniser.again(
        result_id, model_name=json_text(fields, "model"), threshold=json_threshold(fields)
    )
    response = _answer(made)
    response.status_code = 201
    response.headers["Location"] = url_for("api.result", result_id=made.id)
    return response


@blueprint.post("/results/<result_id>/retry")
@describes(Operation({200: KeptResult}, raises=_ASKING, asks_model=True))
def retry(result_id: str) -> Response:
    """Ask the same model again about a picture that was kept without an answer."""
    return _answer(services().recogniser.retry(result_id))


def _answer(made: Result) -> Response:
    note_model(made.model_name)
    return jsonify(result_form(made.expect_done()))
