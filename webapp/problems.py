"""One table from exceptions to what a person or a program is told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from vision import EmptyPictureError, PictureError, UnsupportedFormatError
from webapp.exceptions import (
    BodyTypeError,
    CrossSiteError,
    DetectionFailedError,
    ExtensionError,
    FieldError,
    NoModelError,
    NoPictureError,
    OriginalGoneError,
    StorageError,
    TooManyBytesError,
    UnknownResultError,
    UnknownSampleError,
)
from webapp.failures import FailureKind
from webapp.request_id import request_id
from webapp.results import Result

_OTHER_PICTURE = "Choose another .jpg, .jpeg or .png picture."
_NOTHING_KEPT = "Nothing was kept."
_PICTURE_KEPT = "Your picture is kept as you sent it."


@dataclass(frozen=True, slots=True)
class Rule:
    """What one kind of error means.

    Attributes:
        status: HTTP status.
        title: What happened, in a few words.
        advice: What to do now.
        sentence: What happened, in a sentence; None takes the error's own.
        kept: What became of what was sent.
        retry_after_s: When to come back, in seconds; None for "not by itself".
    """

    status: HTTPStatus
    title: str
    advice: str
    sentence: str | None = None
    kept: str = ""
    retry_after_s: int | None = None


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


RULES: dict[type[Exception], Rule] = {
    NoPictureError: Rule(
        HTTPStatus.BAD_REQUEST, "No picture yet", _OTHER_PICTURE, kept=_NOTHING_KEPT
    ),
    ExtensionError: Rule(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "Not a picture file",
        _OTHER_PICTURE,
        kept=_NOTHING_KEPT,
    ),
    BodyTypeError: Rule(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "Wrong content type",
        "Send a form with a picture, or the picture itself.",
        kept=_NOTHING_KEPT,
    ),
    TooManyBytesError: Rule(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "File too large",
        "Choose a smaller file.",
        kept=_NOTHING_KEPT,
    ),
    RequestEntityTooLarge: Rule(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "File too large",
        "Choose a smaller file.",
        sentence="More was sent than a picture may weigh.",
        kept=_NOTHING_KEPT,
    ),
    EmptyPictureError: Rule(
        HTTPStatus.BAD_REQUEST, "Empty file", _OTHER_PICTURE, kept=_NOTHING_KEPT
    ),
    UnsupportedFormatError: Rule(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Not a picture", _OTHER_PICTURE, kept=_NOTHING_KEPT
    ),
    PictureError: Rule(
        HTTPStatus.UNPROCESSABLE_ENTITY, "Unusable picture", _OTHER_PICTURE, kept=_NOTHING_KEPT
    ),
    FieldError: Rule(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "Unusable value",
        "Correct the value and send it again.",
        kept="Nothing was changed.",
    ),
    NoModelError: Rule(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "No model is installed",
        "Ask whoever runs this site to install one.",
        kept=_NOTHING_KEPT,
    ),
    UnknownResultError: Rule(
        HTTPStatus.NOT_FOUND, "No such result", "Check the address, or look at a new picture."
    ),
    UnknownSampleError: Rule(
        HTTPStatus.NOT_FOUND, "No such sample", "Choose one of those on the start page."
    ),
    OriginalGoneError: Rule(
        HTTPStatus.GONE, "The original is gone", "Send the picture again to look at it anew."
    ),
    CrossSiteError: Rule(
        HTTPStatus.FORBIDDEN,
        "Sent from another site",
        "Open this site itself and send it from there.",
        kept=_NOTHING_KEPT,
    ),
    StorageError: Rule(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "Storage is not available",
        "Try again in a moment.",
        retry_after_s=30,
    ),
}

FAILURE_RULES: dict[FailureKind, Rule] = {
    FailureKind.UNFINISHED: Rule(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "No answer yet",
        "Look again in a moment, or ask the model now.",
        kept=_PICTURE_KEPT,
        retry_after_s=2,
    ),
    FailureKind.UNREACHABLE: Rule(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The model server is away",
        "Try again when it is back; nothing has to be uploaded again.",
        kept=_PICTURE_KEPT,
        retry_after_s=10,
    ),
    FailureKind.TOO_SLOW: Rule(
        HTTPStatus.GATEWAY_TIMEOUT,
        "The model server took too long",
        "Try again; nothing has to be uploaded again.",
        kept=_PICTURE_KEPT,
    ),
    FailureKind.NOT_SERVED: Rule(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "This model is not being served",
        "Try again when it is loaded, or choose another model for a new upload.",
        kept=_PICTURE_KEPT,
        retry_after_s=30,
    ),
    FailureKind.OVERLOADED: Rule(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The model server is busy",
        "Try again in a moment; nothing has to be uploaded again.",
        kept=_PICTURE_KEPT,
        retry_after_s=5,
    ),
    FailureKind.BROKEN_ANSWER: Rule(
        HTTPStatus.BAD_GATEWAY,
        "The model gave no usable answer",
        "Tell whoever runs this site, with the reference below.",
        kept=_PICTURE_KEPT,
    ),
}

_HTTP_RULES: dict[int, Rule] = {
    HTTPStatus.NOT_FOUND: Rule(
        HTTPStatus.NOT_FOUND,
        "Nothing here",
        "Check the address, or start with a picture.",
        sentence="There is no page at this address.",
    ),
    HTTPStatus.METHOD_NOT_ALLOWED: Rule(
        HTTPStatus.METHOD_NOT_ALLOWED,
        "Not possible here",
        "Start with a picture instead.",
        sentence="This address does not take that kind of request.",
    ),
}
_UNEXPECTED = Rule(
    HTTPStatus.INTERNAL_SERVER_ERROR,
    "Something broke on our side",
    "Try again; if it stays, tell whoever runs this site, with the reference below.",
    sentence="This should not have happened, and it is in the log now.",
)


def problem_of(error: Exception) -> Problem:
    """Return what an error comes to, by the nearest of its classes that the table knows."""
    rule = _rule_of(error)
    headers = _http_headers(error)
    if rule.retry_after_s is not None:
        headers["Retry-After"] = str(rule.retry_after_s)
    return Problem(
        status=int(rule.status),
        title=rule.title,
        sentence=rule.sentence or str(error),
        kept=rule.kept,
        advice=rule.advice,
        reference=request_id(),
        headers=headers,
        result=error.result if isinstance(error, DetectionFailedError) else None,
    )


def _rule_of(error: Exception) -> Rule:
    if isinstance(error, DetectionFailedError):
        return FAILURE_RULES[error.result.failure_kind or FailureKind.UNFINISHED]
    for kind in type(error).__mro__:
        if kind in RULES:
            return RULES[kind]
    if isinstance(error, HTTPException) and error.code:
        return _HTTP_RULES.get(error.code) or _plain_http_rule(error.code)
    return _UNEXPECTED


def _plain_http_rule(code: int) -> Rule:
    if code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _UNEXPECTED
    status = HTTPStatus(code)
    sentence = "The request could not be understood."
    return Rule(status, status.phrase, "Check the request and send it again.", sentence)


def _http_headers(error: Exception) -> dict[str, str]:
    """Keep what a status must come with, such as Allow with 405."""
    if not isinstance(error, HTTPException):
        return {}
    return {name: value for name, value in error.get_headers() if name != "Content-Type"}
