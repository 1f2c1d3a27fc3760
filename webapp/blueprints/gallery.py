"""All results: searched, page by page, and deleted after a question."""

from datetime import datetime

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from webapp.access.guard import actor
from webapp.blueprints.pages import model_titles
from webapp.exceptions import QueryError, UnknownResultError
from webapp.presentation.findings import summary_of
from webapp.problems import problem_of
from webapp.results import Result
from webapp.services import services
from webapp.storage.query import ResultQuery, parse_query

blueprint = Blueprint("gallery", __name__, url_prefix="/results")

_MEANT_MAX = 200


@blueprint.get("")
def index() -> str | tuple[str, int]:
    """Show the results that are asked for, the newest first."""
    problem, status = None, 200
    try:
        query = parse_query(request.args)
    except QueryError as error:
        problem, query = problem_of(error), ResultQuery()
        status = problem.status
    results = services().results
    page = results.page(query)
    fields = {name: value for name, value in request.args.items() if name != "cursor" and value}
    return (
        render_template(
            "gallery.html",
            rows=[(result, summary_of(result)) for result in page.results],
            count=results.count(query),
            next=page.next,
            query=query,
            fields=fields,
            problem=problem,
            titles=model_titles(),
            models=sorted(results.counts().by_model),
            names=results.labels(),
        ),
        status,
    )


@blueprint.get("/delete")
def confirm() -> str:
    """Ask whether these results are to be deleted, and say what goes with them.

    Raises:
        UnknownResultError: None of them is there.
    """
    meant = _meant(request.args.getlist("result"))
    if not meant:
        raise UnknownResultError
    return render_template("delete.html", rows=[(each, summary_of(each)) for each in meant])


@blueprint.post("/delete")
def delete() -> BaseResponse:
    """Delete results; those that somebody else deleted meanwhile are passed over."""
    removal = services().remover.remove(
        request.form.getlist("result")[:_MEANT_MAX], actor=str(actor())
    )
    return redirect(url_for("gallery.index", deleted=len(removal.results)), 303)


def _meant(result_ids: list[str]) -> list[Result]:
    """Return the results of these ids, each once, without those that are not there."""
    found = []
    for result_id in dict.fromkeys(result_ids[:_MEANT_MAX]):
        try:
            found.append(services().results.get(result_id))
        except UnknownResultError:
            continue
    return found


@blueprint.app_template_filter("day")
def _day(moment: datetime | None) -> str:
    return "" if moment is None else moment.date().isoformat()
