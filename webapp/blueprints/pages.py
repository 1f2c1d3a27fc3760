"""The pages: a form to send pictures with, and what was found in one."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response as BaseResponse

from vision import ModelCard, PictureError
from webapp.errors import problem_response
from webapp.exceptions import FieldError, ThresholdError, UploadError
from webapp.http.request_log import note_model
from webapp.http.request_picture import allow_many, form_files, form_picture
from webapp.http.uploads import clean_name
from webapp.presentation.findings import Finding, findings_of, label_counts
from webapp.presentation.model_facts import ModelFacts
from webapp.presentation.time_spans import TimeSpans
from webapp.problems import Problem, problem_of
from webapp.results import Result, Task, parse_threshold
from webapp.services import services
from webapp.storage.originals import random_id

blueprint = Blueprint("pages", __name__)

# What the person at the form can put right there.
BAD_INPUT = (UploadError, FieldError, PictureError, RequestEntityTooLarge)
_UPLOAD = "pages.upload"
_TEMPLATES = {Task.DETECTION: "results.html", Task.CLASSIFICATION: "classes.html"}


@blueprint.get("/")
def index() -> Response:
    """Show the form."""
    return _form_page({})


@blueprint.url_value_preprocessor
def _expect_many(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Let the upload form carry several pictures, before anything reads it."""
    if endpoint == _UPLOAD:
        allow_many()


@blueprint.errorhandler(RequestEntityTooLarge)
def _say_above_the_form(error: RequestEntityTooLarge) -> Response:
    """Say that a form was too large to be read, wherever it was tried."""
    problem = problem_of(error)
    return _form_page({}, problem) if request.endpoint == _UPLOAD else problem_response(problem)


@blueprint.post("/")
def upload() -> BaseResponse:
    """Look at one picture or several; what cannot be accepted is said above the form."""
    fields: Mapping[str, str] = {}
    try:
        fields = request.form
        if len(form_files()) > 1:
            return _upload_many(fields)
        result = recognise(fields)
    except BAD_INPUT as error:
        return _form_page(fields, problem_of(error))
    return to_result(result)


def _upload_many(fields: Mapping[str, str]) -> BaseResponse:
    """Look at each picture; one that cannot be used takes no other with it."""
    batch_id, files = random_id(), form_files()
    refused: list[tuple[str, Problem]] = []
    for number, file in enumerate(files):
        try:
            recognise(fields, number=number, batch_id=batch_id)
        except BAD_INPUT as error:
            refused.append((clean_name(file.filename or ""), problem_of(error)))
    address = url_for("batches.show", batch_id=batch_id)
    if not refused:
        return redirect(address, 303)
    taken = len(files) - len(refused)
    return _form_page(fields, refused=refused, batch_address=address if taken else "", taken=taken)


def recognise(fields: Mapping[str, str], *, number: int = 0, batch_id: str | None = None) -> Result:
    """Look at a picture of the form with the model and threshold that the form has.

    Raises:
        UploadError, FieldError, PictureError: Something in the form cannot be used.
        NoModelError, StorageError: Nothing can be looked at or kept at the moment.
    """
    return services().recogniser.recognise(
        form_picture(number),
        model_name=fields.get("model"),
        threshold=parse_threshold(fields.get("threshold")),
        batch_id=batch_id,
    )


@blueprint.get("/results/<result_id>")
def result(result_id: str) -> str:
    """Show what was found, from what was stored."""
    found = services().results.get(result_id).expect_done()
    note_model(found.model_name)
    found = found.at_threshold(parse_threshold(request.args.get("threshold")))
    labels = frozenset(request.args.getlist("label"))
    findings = findings_of(found, labels)
    return render_template(
        _TEMPLATES[found.task],
        result=found,
        findings=findings,
        labels=label_counts(findings, labels),
        explained=_explained(findings),
        json_address=url_for("api.result", result_id=found.id, threshold=found.threshold),
        spans=TimeSpans.of(found.times) if found.times else None,
        **_models_beside(found.model_name),
    )


def _explained(findings: Sequence[Finding]) -> Finding | None:
    """Return the finding whose class the address has, else the best one; None where none is."""
    asked = request.args.get("class_id", type=int)
    wanted = [finding for finding in findings if finding.class_id == asked]
    return next(iter([*wanted, *findings]), None)


@blueprint.post("/results/<result_id>/again")
def again(result_id: str) -> BaseResponse:
    """Ask another model about the same picture, and show its answer, alone or beside the first."""
    new = services().recogniser.again(result_id, model_name=request.form.get("model"))
    if request.form.get("then") == "compare":
        note_model(new.model_name)
        return redirect(url_for("compare.index", result=[result_id, new.id]), 303)
    return to_result(new)


@blueprint.post("/results/<result_id>/retry")
def retry(result_id: str) -> BaseResponse:
    """Ask the model again about a picture that was kept without an answer."""
    return to_result(services().recogniser.retry(result_id))


def to_result(result: Result) -> BaseResponse:
    """Send the browser to the result's own address, where a failure is a page with a retry."""
    note_model(result.model_name)
    return redirect(url_for("pages.result", result_id=result.id), 303)


def model_titles() -> dict[str, str]:
    """Return what the installed models are called, by name; others are called by their names."""
    return {model.card.name: model.card.title for model in services().models.installed()}


def _models_beside(name: str) -> dict[str, Any]:
    """Return the card of the model that answered, where it is still installed, and the others'."""
    cards = [model.card for model in services().models.installed()]
    own = next((card for card in cards if card.name == name), None)
    return {
        "card": own,
        "model_title": own.title if own else name,
        "others": [card for card in cards if card.name != name],
    }


def _form_page(
    fields: Mapping[str, str],
    problem: Problem | None = None,
    *,
    refused: Sequence[tuple[str, Problem]] = (),
    taken: int = 0,
    batch_address: str = "",
) -> Response:
    """Return the form, with what was wrong with the one picture sent, or with some of many."""
    problem = problem or next((each for _, each in refused), None)
    parts = services()
    cards = [model.card for model in parts.models.installed()]
    speeds = parts.results.speeds(card.name for card in cards)
    repository = parts.settings.model_repository
    page = render_template(
        "index.html",
        models=[ModelFacts.of(card, repository, speeds) for card in cards],
        chosen=_chosen(cards, fields),
        all_bundled=all(card.is_bundled for card in cards),
        samples=parts.samples.all,
        sample_models=_models_of_samples(cards),
        threshold=_sent_threshold(fields),
        bytes_max=parts.settings.upload_bytes_max,
        problem=problem,
        refused=refused,
        taken=taken,
        batch_address=batch_address,
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
