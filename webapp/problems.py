"""From an exception to what a person or a program is told."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus

from werkzeug.exceptions import HTTPException

from webapp.exceptions import (
    ExplanationFailedError,
    GlanceFailedError,
    NoAnswerError,
    TooOftenError,
)
from webapp.failures import FailureKind
from webapp.http.request_id import request_id
from webapp.problem_rules import (
    FAILURE_RULES,
    HTTP_RULES,
    NOTHING_KEPT,
    RULES,
    SEND_AGAIN,
    UNEXPECTED,
    Rule,
)
from webapp.results import Result


@dataclass(frozen=True, slots=True)
class Problem:
    """What one error comes to: the contents of an error page and of a problem document.

    Attributes:
        status: HTTP status.
        title: What happened, in a few words.
        sentence: What happened, in a sentence.
        kept: What became of what was sent; empty where nothing was.
        advice: What to do now.
        reference: The id of the request, to find it in the log.
        headers: What the answer carries because of it.
        result: The stored result that has no answer, if it is about one.
    """

    status: int
    title: str
    sentence: str
    kept: str
    advice: str
    reference: str
    headers: Mapping[str, str] = field(default_factory=dict)
    result: Result | None = None


def problem_of(error: Exception) -> Problem:
    """Return what an error comes to, by the nearest of its classes that the table knows."""
    rule = rule_of(error)
    headers = _http_headers(error)
    wait_s = error.retry_after_s if isinstance(error, TooOftenError) else rule.retry_after_s
    if wait_s is not None:
        headers["Retry-After"] = str(wait_s)
    if rule.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="sightline"'
    return Problem(
        status=int(rule.status),
        title=rule.title,
        sentence=rule.sentence or str(error),
        kept=rule.kept,
        advice=rule.advice,
        reference=request_id(),
        headers=headers,
        result=error.result if isinstance(error, NoAnswerError) else None,
    )


def rule_of(error: Exception) -> Rule:
    """Return the rule of the nearest of an error's classes that the table knows."""
    if isinstance(error, NoAnswerError):
        return FAILURE_RULES[error.result.failure_kind or FailureKind.UNFINISHED]
    if isinstance(error, ExplanationFailedError):
        return FAILURE_RULES[error.failure.kind]
    if isinstance(error, GlanceFailedError):
        return replace(FAILURE_RULES[error.failure.kind], advice=SEND_AGAIN, kept=NOTHING_KEPT)
    for kind in type(error).__mro__:
        if kind in RULES:
            return RULES[kind]
    if isinstance(error, HTTPException) and error.code:
        return HTTP_RULES.get(error.code) or _plain_http_rule(error.code)
    return UNEXPECTED


def _plain_http_rule(code: int) -> Rule:
    if code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return UNEXPECTED
    status = HTTPStatus(code)
    sentence = "The request could not be understood."
    return Rule(status, status.phrase, "Check the request and send it again.", sentence)


def _http_headers(error: Exception) -> dict[str, str]:
    """Keep what a status must come with, such as Allow with 405."""
    if not isinstance(error, HTTPException):
        return {}
    return {name: value for name, value in error.get_headers() if name != "Content-Type"}
