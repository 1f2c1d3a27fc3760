"""The pages: a form to send a picture with, and what was found in it."""

from collections.abc import Mapping, Sequence

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response as BaseResponse

from vision import ModelCard, PictureError
from webapp.exceptions import FieldError, ThresholdError, UploadError
from webapp.problems import Problem, problem_of
from webapp.request_log import note_model
from webapp.request_picture import form_picture
from webapp.results import Result, parse_threshold
from webapp.services import services

blueprint = Blueprint("pages", __name__)

# What the person at the form can put right there.
_BAD_INPUT = (UploadError, FieldError, PictureError, RequestEntityTooLarge)


@blueprint.get("/")
def index() -> Response:
    """Show the form."""
    return _form_page({})


@blueprint.post("/")
def upload() -> BaseResponse:
    """Look at a picture; what cannot be accepted is said above the form."""
    fields: Mapping[str, str] = {}
    try:
        fields = request.form
        result = services().detector.detect(
            form_picture(),
            model_name=fields.get("model"),
            threshold=parse_threshold(fields.get("threshold")),
        )
    except _BAD_INPUT as error:
        return _form_page(fields, problem_of(error))
    return to_result(result)


@blueprint.get("/results/<result_id>")
def result(result_id: str) -> str:
    """Show what was found, from what was stored."""
    found = services().results.get(result_id).expect_done()
    note_model(found.model_name)
    threshold = parse_threshold(request.args.get("threshold"))
    return render_template("results.html", result=found.at_threshold(threshold))


@blueprint.post("/results/<result_id>/retry")
def retry(result_id: str) -> BaseResponse:
    """Ask the model again about a picture that was kept without an answer."""
    return to_result(services().detector.retry(result_id))


def to_result(result: Result) -> BaseResponse:
    """Send the browser to the result's own address, where a failure is a page with a retry."""
    note_model(result.model_name)
    return redirect(url_for("pages.result", result_id=result.id), 303)


def _form_page(fields: Mapping[str, str], problem: Problem | None = None) -> Response:
    cards = [model.card for model in services().models.installed()]
    page = render_template(
        "index.html",
        models=cards,
        chosen=_chosen(cards, fields),
        all_bundled=all(card.is_bundled for card in cards),
        samples=services().samples.all,
        sample_models=_models_of_samples(cards),
        threshold=_sent_threshold(fields),
        bytes_max=services().settings.upload_bytes_max,
        problem=problem,
    )
    return Response(page, status=problem.status if problem else 200, mimetype="text/html")


def _models_of_samples(cards: Sequence[ModelCard]) -> list[str]:
    """Return the titles of the models that look at samples, whichever is chosen in the form."""
    names = {sample.model for sample in services().samples.all}
    return [card.title for card in cards if card.name in names]


def _chosen(cards: Sequence[ModelCard], fields: Mapping[str, str]) -> ModelCard | None:
    """Return the model that the form was sent with, else the default one."""
    sent = [card for card in cards if card.name == fields.get("model")]
    return next(iter([*sent, *cards]), None)


def _sent_threshold(fields: Mapping[str, str]) -> float | None:
    try:
        return parse_threshold(fields.get("threshold"))
    except ThresholdError:
        return None
