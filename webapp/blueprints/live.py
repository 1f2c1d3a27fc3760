"""The live page: a camera's picture, looked at frame by frame, and nothing of it kept."""

import time
from typing import Any, TypedDict

from flask import Blueprint, Response, g, jsonify, make_response, render_template, request

from vision import Detection, ModelCard
from webapp.exceptions import BusyError, NoAnswerError
from webapp.http.request_log import note_model
from webapp.http.request_picture import body_picture
from webapp.http.security import CAMERA_PERMISSIONS
from webapp.presentation.formatting import class_colour_hex
from webapp.problems import problem_of
from webapp.results import Result, StageTimes, Task, parse_threshold
from webapp.services import services

blueprint = Blueprint("live", __name__, url_prefix="/live")


class Seen(TypedDict):
    """One object; its box is (left, top, right, bottom) in fractions of the frame."""

    label: str
    class_id: int
    colour: str
    score: float
    box: tuple[float, float, float, float]


@blueprint.get("")
def index() -> Response:
    """Show the page, which may ask for the camera."""
    parts = services()
    cards = [model.card for model in parts.models.installed(Task.DETECTION)]
    page = make_response(
        render_template(
            "live.html",
            cards=cards,
            chosen=_chosen(cards, request.args.get("model")),
            timeout_s=parts.settings.frame_timeout_s,
        )
    )
    page.headers["Permissions-Policy"] = CAMERA_PERMISSIONS
    return page


@blueprint.post("/frames")
def look() -> Response:
    """Say what is in the frame that is the body; ``sequence`` comes back as it was sent."""
    try:
        result = services().live_frames.look(
            body_picture().data,
            model_name=request.args.get("model"),
            threshold=parse_threshold(request.args.get("threshold")),
        )
    except BusyError as error:
        return _problem_form(error, "busy")
    except NoAnswerError as error:
        note_model(error.result.model_name)
        return _problem_form(error, str(error.result.failure_kind))
    note_model(result.model_name)
    return jsonify(_frame_form(result, request.args.get("sequence", type=int)))


def _chosen(cards: list[ModelCard], name: str | None) -> ModelCard | None:
    """Return the model of that name, else the default one."""
    named = [card for card in cards if card.name == name]
    return next(iter([*named, *cards]), None)


@blueprint.after_request
def _sum_up(response: Response) -> Response:
    if request.endpoint == "live.look":
        span_ms = (time.perf_counter() - g.started_s) * 1000
        services().frame_log.note(response.status_code, span_ms)
    return response


def _problem_form(error: Exception, kind: str) -> Response:
    """Write what is wrong, and of what kind it is: the script knows what to do next."""
    problem = problem_of(error)
    response = jsonify({"title": problem.title, "detail": problem.sentence, "kind": kind})
    response.status_code = problem.status
    response.headers.update(problem.headers)
    return response


def _frame_form(result: Result, sequence: int | None) -> dict[str, Any]:
    return {
        "sequence": sequence,
        "model": result.model_name,
        "version": result.model_version,
        "threshold": result.threshold,
        "width": result.width,
        "height": result.height,
        # From the score floor up, so that the page can follow its slider without asking again.
        "detections": [_seen(each, result) for each in result.detections],
        "timings_ms": _timings(result.times),
    }


def _seen(found: Detection, result: Result) -> Seen:
    left, top, right, bottom = found.xyxy
    width, height = result.width, result.height
    return {
        "label": found.label,
        "class_id": found.class_id,
        "colour": class_colour_hex(found.class_id),
        "score": round(found.score, 4),
        "box": (
            _share(left, width), _share(top, height), _share(right, width), _share(bottom, height)
        ),
    }  # fmt: skip


def _share(pixel: float, side: int) -> float:
    return round(min(max(pixel / side, 0.0), 1.0), 5)


def _timings(times: StageTimes | None) -> dict[str, float]:
    if times is None:
        return {}
    return {
        "decode": round(times.decode, 2),
        "encode": round(times.encode, 2),
        "serve": round(times.serve, 2),
        "parse": round(times.parse, 2),
        "total": round(times.total, 2),
    }
