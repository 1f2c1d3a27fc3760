"""The JSON API, version 1."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, jsonify, request, url_for

from vision import Detection, ModelCard
from webapp.request_log import note_model
from webapp.request_picture import FORM_TYPE, body_picture, form_picture
from webapp.results import Result, parse_threshold
from webapp.services import services
from webapp.uploads import Upload

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")


@blueprint.post("/detections")
def detect() -> Response:
    """Look at a picture sent as a form, or as the body with its fields in the query."""
    upload, fields = _read()
    result = services().detector.detect(
        upload,
        model_name=fields.get("model"),
        threshold=parse_threshold(fields.get("threshold")),
    )
    response = _answer(result)
    response.status_code = 201
    response.headers["Location"] = url_for("api.detection", result_id=result.id)
    return response


@blueprint.get("/detections/<result_id>")
def detection(result_id: str) -> Response:
    """Send a result again."""
    result = services().results.get(result_id)
    return _answer(result.at_threshold(parse_threshold(request.args.get("threshold"))))


@blueprint.post("/detections/<result_id>/retry")
def retry(result_id: str) -> Response:
    """Ask the model again about a picture that was kept without an answer."""
    return _answer(services().detector.retry(result_id))


@blueprint.get("/models")
def models() -> Response:
    """List what is installed, the default one first."""
    cards = [model.card for model in services().models.installed()]
    return jsonify({"models": [_model_form(card, default=card is cards[0]) for card in cards]})


def _read() -> tuple[Upload, Mapping[str, str]]:
    if request.mimetype == FORM_TYPE:
        return form_picture(), request.form
    return body_picture(), request.args


def _answer(result: Result) -> Response:
    """Return the result's JSON form.

    Raises:
        DetectionFailedError: It has no answer.
    """
    note_model(result.model_name)
    return jsonify(_detection_form(result.expect_done()))


def _detection_form(result: Result) -> dict[str, Any]:
    times = asdict(result.times) if result.times else {}
    return {
        "id": result.id,
        "image_name": result.image_name,
        "model": {"name": result.model_name, "version": result.model_version},
        "detections": [_object_form(each) for each in result.shown],
        "timings_ms": {stage: round(span_ms, 3) for stage, span_ms in times.items()},
    }


def _object_form(detection: Detection) -> dict[str, Any]:
    """Write the score to single precision, and the box to hundredths of a pixel."""
    pixels = (round(pixel, 2) for pixel in detection.xyxy)
    return {
        "label": detection.label,
        "score": round(detection.score, 6),
        "box": dict(zip(("x_min", "y_min", "x_max", "y_max"), pixels, strict=True)),
    }


def _model_form(card: ModelCard, *, default: bool) -> dict[str, Any]:
    return {
        "name": card.name,
        "title": card.title,
        "task": card.task,
        "summary": card.summary,
        "licence": card.licence,
        "threshold": card.threshold,
        "default": default,
        "bundled": card.is_bundled,
    }
