"""Stress runs: a form that starts one, the run while it goes on, and the reports of all."""

from collections.abc import Mapping

from flask import Blueprint, Response, jsonify, make_response, redirect, render_template, request
from flask import url_for as address_of
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response as BaseResponse

from stress import (
    Call,
    ForeignError,
    InUseError,
    LockError,
    ModelServerCalls,
    PlanError,
    Subject,
    Way,
    render_page,
)
from stress.plan import CALLERS_MAX, LOADS_MAX, RATE_MAX_PER_S, STEP_S_MAX, TOTAL_S_MAX
from vision import DecodeLimits, PictureError, decode_picture
from webapp.errors import problem_response
from webapp.exceptions import (
    FieldError,
    NoModelError,
    NoPictureError,
    UnknownSampleError,
    UploadError,
)
from webapp.http.request_log import note_model
from webapp.http.request_picture import form_picture
from webapp.http.uploads import Upload
from webapp.models import InstalledModel
from webapp.presentation.stress_view import StressRow, StressView
from webapp.problems import Problem, problem_of
from webapp.services import services
from webapp.stress.form import DEFAULTS, parse_plan, parse_way
from webapp.stress.glances import Glances
from webapp.stress.permission import check_offered, check_server, is_stress_offered

blueprint = Blueprint("stress", __name__, url_prefix="/stress")

# What the person at the form can put right, there or elsewhere.
_BAD_INPUT = (
    UploadError, FieldError, PictureError, PlanError, ForeignError, InUseError, LockError,
    NoModelError, UnknownSampleError,
)  # fmt: skip
_THIS_SITE = "this web app"


@blueprint.app_template_global()
def has_stress() -> bool:
    """Tell templates whether there are stress runs here."""
    return is_stress_offered(services().settings)


@blueprint.before_request
def _check() -> None:
    check_offered(services().settings)


@blueprint.errorhandler(RequestEntityTooLarge)
def _say_above_the_form(error: RequestEntityTooLarge) -> Response:
    """Say that a picture was too large to be read."""
    problem = problem_of(error)
    return _form_page({}, problem) if request.method == "POST" else problem_response(problem)


@blueprint.get("")
def index() -> Response:
    """Show the form, and the runs there were."""
    return _form_page({})


@blueprint.post("")
def start() -> BaseResponse:
    """Start a run; what keeps it from starting is said above the form."""
    fields = request.form
    try:
        run_id = _start(fields)
    except _BAD_INPUT as error:
        return _form_page(fields, problem_of(error))
    return redirect(address_of("stress.report", run_id=run_id), 303)


@blueprint.get("/<run_id>")
def report(run_id: str) -> str:
    """Show a run, or what came of it."""
    return render_template("stress_report.html", view=_view(run_id))


@blueprint.get("/<run_id>/live")
def live(run_id: str) -> str:
    """Send the part of the page that changes while a run goes on."""
    return render_template("stress_live.html", view=_view(run_id))


@blueprint.get("/<run_id>/report.json")
def document(run_id: str) -> Response:
    """Send the report as a file for programs."""
    response = jsonify(services().stress_reports.get(run_id).document)
    return _as_file(response, run_id, "json")


@blueprint.get("/<run_id>/report.html")
def page(run_id: str) -> Response:
    """Send the report as a file for people, which needs nothing from this site."""
    response = make_response(render_page(_view(run_id).report))
    return _as_file(response, run_id, "html")


@blueprint.post("/<run_id>/stop")
def stop(run_id: str) -> BaseResponse:
    """Have a run end soon."""
    services().stress_reports.get(run_id)
    services().stress_runs.stop(run_id)
    return redirect(address_of("stress.report", run_id=run_id), 303)


@blueprint.post("/<run_id>/delete")
def delete(run_id: str) -> BaseResponse:
    """Forget a run; one that goes on ends."""
    services().stress_reports.get(run_id)
    services().stress_runs.stop(run_id)
    services().stress_reports.delete(run_id)
    return redirect(address_of("stress.index"), 303)


def _view(run_id: str) -> StressView:
    return StressView.of(services().stress_reports.get(run_id))


def _as_file(response: Response, run_id: str, extension: str) -> Response:
    name = f"stress-{run_id[:8]}.{extension}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _start(fields: Mapping[str, str]) -> str:
    """Start the run of the form.

    Raises:
        PlanError, ForeignError, InUseError, LockError: It may not be started.
        UploadError, PictureError, FieldError, UnknownSampleError: Its picture or model is none.
        NoModelError: No model is installed.
        StorageError: It cannot be written down.
    """
    parts = services()
    plan, way = parse_plan(fields), parse_way(fields.get("way"))
    model = parts.models.choose(fields.get("model"))
    note_model(model.card.name)
    check_server(parts.settings, parts.client().target)
    upload = _picture(fields)
    call, target = _call(way, model, upload)
    subject = Subject(way, target, model.card.name, upload.image_name, len(upload.data))
    return parts.stress_runs.start(plan, subject, call)


def _picture(fields: Mapping[str, str]) -> Upload:
    """Return the file that was sent, else the sample that was chosen."""
    if any(file.filename for file in request.files.getlist("image")):
        return form_picture()
    if sample := fields.get("sample"):
        return services().samples.choose(sample).upload()
    raise NoPictureError("No picture was chosen.")


def _call(way: Way, model: InstalledModel, upload: Upload) -> tuple[Call, str]:
    """Return what makes a call, and where that goes."""
    parts = services()
    limits = DecodeLimits(parts.settings.pixels_max)
    if way is Way.SITE:
        # What is no picture is said now, and not by every call.
        decode_picture(upload.data, resize=model.card.input.resize, limits=limits)
        return Glances(parts.recogniser, upload.data, model.card.name), _THIS_SITE
    client = parts.client()
    timeout_s = parts.settings.call_timeout_s
    calls = ModelServerCalls(client, model, upload.data, limits=limits, timeout_s=timeout_s)
    return calls, str(client.target)


def _form_page(fields: Mapping[str, str], problem: Problem | None = None) -> Response:
    parts = services()
    page = render_template(
        "stress.html",
        fields={**DEFAULTS, **fields},
        models=[model.card for model in parts.models.installed()],
        samples=parts.samples.all,
        rows=[StressRow.of(run) for run in parts.stress_reports.all()],
        problem=problem,
        bytes_max=parts.settings.upload_bytes_max,
        bounds={
            "callers": CALLERS_MAX, "steps": LOADS_MAX, "rate": RATE_MAX_PER_S,
            "step_s": STEP_S_MAX, "total_s": TOTAL_S_MAX,
        },
    )  # fmt: skip
    response = make_response(page, problem.status if problem else 200)
    response.headers.update(problem.headers if problem else {})
    return response
