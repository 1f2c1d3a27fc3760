"""The pictures of one form together: sent one by one, shown in one table, taken in one file."""

import re
from tempfile import TemporaryFile

from flask import Blueprint, Response, jsonify, render_template, request, send_file, url_for

from vision import DecodeLimits
from webapp.blueprints.exports import as_download
from webapp.blueprints.pages import BAD_INPUT, model_titles, recognise
from webapp.exceptions import NoModelError, StorageError, UnknownResultError
from webapp.http.request_log import note_model
from webapp.presentation.archive import write_archive
from webapp.presentation.exports import to_csv
from webapp.presentation.findings import summary_of
from webapp.problems import problem_of
from webapp.results import Result, State
from webapp.services import services
from webapp.storage.query import ResultQuery

blueprint = Blueprint("batches", __name__, url_prefix="/batches/<batch_id>")

_ID = re.compile(r"[0-9a-f]{32}")
_SIZE_MAX = 200


@blueprint.post("/pictures")
def add(batch_id: str) -> Response:
    """Look at one more picture, for the script that sends many; the answer says what was found."""
    _check_id(batch_id)
    try:
        result = recognise(request.form, batch_id=batch_id)
    except (*BAD_INPUT, NoModelError, StorageError) as error:
        problem = problem_of(error)
        response = jsonify({"title": problem.title, "detail": problem.sentence})
        response.status_code = problem.status
        response.headers.update(problem.headers)
        return response
    note_model(result.model_name)
    address = url_for("pages.result", result_id=result.id)
    document = {"address": address, "state": result.state, "summary": summary_of(result)}
    response = jsonify(document)
    response.status_code = 201
    return response


@blueprint.get("")
def show(batch_id: str) -> str:
    """Show what became of each picture, in the order they were sent."""
    results = _results(batch_id)
    return render_template(
        "batch.html",
        batch_id=batch_id,
        rows=[(result, summary_of(result)) for result in results],
        done=_done(results),
        titles=model_titles(),
        size_max=_SIZE_MAX,
    )


@blueprint.get("/table.csv")
def table(batch_id: str) -> Response:
    """Send everything that was found in one table."""
    results = _done(_results(batch_id))
    return as_download(to_csv(results), "text/csv", f"batch-{batch_id[:8]}.csv")


@blueprint.get("/pictures.zip")
def archive(batch_id: str) -> Response:
    """Send originals, pictures with boxes and tables in one file."""
    parts = services()
    results = _results(batch_id)
    limits = DecodeLimits(parts.settings.pixels_max)
    file = TemporaryFile()  # noqa: SIM115  closed with the response
    try:
        write_archive(file, results, parts.originals, limits)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    name = f"batch-{batch_id[:8]}.zip"
    response = send_file(file, mimetype="application/zip", as_attachment=True, download_name=name)
    response.call_on_close(file.close)
    return response


def _results(batch_id: str) -> list[Result]:
    """Return the results of a batch, the first one first.

    Raises:
        UnknownResultError: There is none.
    """
    _check_id(batch_id)
    page = services().results.page(ResultQuery(batch_id=batch_id, limit=_SIZE_MAX))
    if not page.results:
        raise UnknownResultError
    return list(reversed(page.results))


def _check_id(batch_id: str) -> None:
    if not _ID.fullmatch(batch_id):
        raise UnknownResultError


def _done(results: list[Result]) -> list[Result]:
    return [result for result in results if result.state is State.DONE]
