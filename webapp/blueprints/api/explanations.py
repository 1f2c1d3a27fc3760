"""Why a model said what it said: at once for classes, in the background for objects."""

from flask import Response, jsonify, request

from webapp.blueprints.api.blueprint import blueprint, nothing_left
from webapp.blueprints.api.forms import heat_form, job_form
from webapp.blueprints.api.shapes import AskWhy, Explanation, HeatMap
from webapp.exceptions import (
    FieldError,
    ModelGoneError,
    OriginalGoneError,
    StorageError,
    TooManyExplanationsError,
    UnexplainableError,
    UnknownExplanationError,
    UnknownResultError,
)
from webapp.http.request_fields import json_fields, json_index, parse_class_id
from webapp.openapi.operation import JsonBody, Operation, describes
from webapp.openapi.parameters import CLASS_ID
from webapp.services import services


@blueprint.get("/results/<result_id>/explanation")
@describes(
    Operation(
        {200: HeatMap},
        parameters=(CLASS_ID,),
        raises=(
            UnknownResultError,
            FieldError,
            UnexplainableError,
            OriginalGoneError,
            ModelGoneError,
            StorageError,
        ),
        asks_model=True,
    )
)
def class_heat(result_id: str) -> Response:
    """Say which class a heat map of a classification is about, and where it is."""
    class_id = parse_class_id(request.args.get("class_id"))
    heat = services().explainer.explain(result_id, class_id)
    return jsonify(heat_form(services().results.get(result_id), heat))


@blueprint.post("/results/<result_id>/explanations")
@describes(
    Operation(
        {202: Explanation},
        takes=JsonBody(AskWhy),
        raises=(
            UnknownResultError,
            FieldError,
            UnexplainableError,
            ModelGoneError,
            TooManyExplanationsError,
            StorageError,
        ),
        asks_model=True,
        is_located=True,
    )
)
def explain(result_id: str) -> Response:
    """Have one object of a result explained, and say where to look how far that is."""
    index = json_index(json_fields(), "detection")
    document = job_form(services().detection_explainer.ask(result_id, index))
    response = jsonify(document)
    response.status_code = 202
    response.headers["Location"] = document["address"]
    return response


@blueprint.get("/explanations/<job_id>")
@describes(Operation({200: Explanation}, raises=(UnknownExplanationError,)))
def explanation(job_id: str) -> Response:
    """Say how far an explanation is."""
    return jsonify(job_form(services().detection_explainer.jobs.get(job_id)))


@blueprint.delete("/explanations/<job_id>")
@describes(Operation({204: None}, raises=(UnknownExplanationError,)))
def cancel(job_id: str) -> Response:
    """Have nobody work on an explanation any more."""
    services().detection_explainer.jobs.cancel(job_id)
    return nothing_left()
