"""Two or three results side by side."""

from flask import Blueprint, render_template, request

from webapp.blueprints.pages import model_titles
from webapp.exceptions import FieldError
from webapp.presentation.comparison import compared_labels
from webapp.presentation.findings import findings_of, summary_of
from webapp.services import services

blueprint = Blueprint("compare", __name__)

LEAST, MOST = 2, 3


@blueprint.get("/compare")
def index() -> str:
    """Show what several models say, usually of the same picture.

    Raises:
        FieldError: There are too few results or too many.
        UnknownResultError, NoAnswerError: One is not there, or has no answer.
    """
    result_ids = list(dict.fromkeys(request.args.getlist("result")))
    if not LEAST <= len(result_ids) <= MOST:
        raise FieldError(f"Choose {LEAST} or {MOST} results to compare, not {len(result_ids)}.")
    results = [services().results.get(each).expect_done() for each in result_ids]
    return render_template(
        "compare.html",
        columns=[(result, findings_of(result), summary_of(result)) for result in results],
        labels=compared_labels(results),
        is_one_picture=len({result.original_sha256 for result in results}) == 1,
        titles=model_titles(),
    )
