"""Pictures that are looked at once, and of which nothing is kept."""

from flask import Response, jsonify, request

from vision import EmptyPictureError, PictureError, UnsupportedFormatError
from webapp.blueprints.api.blueprint import blueprint
from webapp.blueprints.api.forms import glance_form
from webapp.blueprints.api.shapes import Glance
from webapp.exceptions import (
    BodyTypeError,
    BusyError,
    ExtensionError,
    FieldError,
    GlanceFailedError,
    NoModelError,
    NoPictureError,
    TooManyBytesError,
)
from webapp.failures import UNFINISHED, Failure
from webapp.http.request_log import note_model
from webapp.http.request_picture import FORM_TYPE, body_picture, form_picture
from webapp.openapi.operation import Operation, PictureBody, describes
from webapp.openapi.parameters import MODEL, THRESHOLD
from webapp.results import State, parse_threshold
from webapp.services import services

_GLANCING = Operation(
    {200: Glance},
    takes=PictureBody(),
    parameters=(MODEL, THRESHOLD),
    raises=(
        NoPictureError,
        ExtensionError,
        BodyTypeError,
        TooManyBytesError,
        EmptyPictureError,
        UnsupportedFormatError,
        PictureError,
        FieldError,
        NoModelError,
        BusyError,
    ),
    asks_model=True,
)


@blueprint.post("/glances")
@describes(_GLANCING)
def glance() -> Response:
    """Look at a picture with a model of any kind, and keep nothing of it."""
    is_form = request.mimetype == FORM_TYPE
    upload, fields = (form_picture(), request.form) if is_form else (body_picture(), request.args)
    result = services().recogniser.glance(
        upload.data,
        model_name=fields.get("model"),
        threshold=parse_threshold(fields.get("threshold")),
    )
    note_model(result.model_name)
    if result.state is not State.DONE:
        kind = result.failure_kind or UNFINISHED.kind
        raise GlanceFailedError(Failure(kind, result.failure_sentence))
    return jsonify(glance_form(result))
