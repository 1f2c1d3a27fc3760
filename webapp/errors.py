"""Problems as answers: a page for people, a problem document (RFC 9457) for programs."""

import logging
from typing import Any

from flask import Flask, Response, jsonify, redirect, render_template, request, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from webapp.exceptions import BusyError, LoginNeededError, QuotaError
from webapp.problems import Problem, problem_of

_log = logging.getLogger(__name__)
_FOR_PROGRAMS = ("/api/", "/healthz", "/readyz", "/metrics")
# They say nothing that the log does not know already, and come by the hundred.
_EXPECTED = (BusyError, QuotaError)


def register_error_handlers(app: Flask) -> None:
    """Let every error that leaves a view, and every unknown address, end here."""
    app.register_error_handler(Exception, _answer)


def _answer(error: Exception) -> BaseResponse | HTTPException:
    if isinstance(error, HTTPException) and (error.code is None or error.code < 400):  # noqa: PLR2004
        return error  # a redirect is no error
    if isinstance(error, LoginNeededError) and not _is_for_programs():
        return redirect(url_for("login.show", next=_wanted()), 303)
    problem = problem_of(error)
    is_ours = problem.status >= 500 and problem.result is None  # noqa: PLR2004
    if is_ours and not isinstance(error, _EXPECTED):
        _log.error("%s %s failed", request.method, request.path, exc_info=error)
    return problem_response(problem)


def problem_response(problem: Problem) -> Response:
    """Return a problem in the form that the address asked for promises."""
    if _is_for_programs():
        response = jsonify(_document(problem))
        response.mimetype = "application/problem+json"
    else:
        response = Response(render_template("error.html", problem=problem), mimetype="text/html")
    response.status_code = problem.status
    response.headers.update(problem.headers)
    return response


def _is_for_programs() -> bool:
    return (
        request.path.startswith(_FOR_PROGRAMS)
        or request.accept_mimetypes.best == "application/json"
    )


def _wanted() -> str:
    """Return where to go after logging in: back to the page, if it was one."""
    return request.full_path.removesuffix("?") if request.method == "GET" else ""


def _document(problem: Problem) -> dict[str, Any]:
    document = {
        "type": "about:blank",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.sentence,
        "kept": problem.kept,
        "advice": problem.advice,
        "reference": problem.reference,
    }
    if problem.result is not None:
        result_id = problem.result.id
        document["id"] = result_id
        document["retry"] = url_for("api.retry", result_id=result_id)
    return document
