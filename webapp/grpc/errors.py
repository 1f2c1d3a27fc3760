"""From an exception to the status of a call, with its details.

What an error means is in `webapp.problem_rules`, for pages, JSON and this front alike. Here is how
gRPC says it: google.rpc.Status, as https://google.aip.dev/193 has it.
"""

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeVar

import grpc
from google.protobuf.any_pb2 import Any
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import error_details_pb2 as detail
from google.rpc.status_pb2 import Status

from protos.gen.sightline.v1 import vision_pb2
from vision import PictureError
from webapp.exceptions import (
    BusyError,
    NoAnswerError,
    NoModelError,
    TaskError,
    ThresholdError,
    TooOftenError,
    UnknownModelError,
    UploadError,
)
from webapp.failures import FailureKind
from webapp.grpc.exceptions import FrontError, MessageError
from webapp.http.request_id import request_id
from webapp.problem_rules import UNEXPECTED, Rule
from webapp.problems import rule_of

_T = TypeVar("_T")
DOMAIN = "sightline"
"""Whose reasons those in ErrorInfo are."""
_CODES: dict[int, grpc.StatusCode] = {
    HTTPStatus.BAD_REQUEST: grpc.StatusCode.INVALID_ARGUMENT,
    HTTPStatus.UNAUTHORIZED: grpc.StatusCode.UNAUTHENTICATED,
    HTTPStatus.FORBIDDEN: grpc.StatusCode.PERMISSION_DENIED,
    HTTPStatus.NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    HTTPStatus.CONFLICT: grpc.StatusCode.FAILED_PRECONDITION,
    HTTPStatus.GONE: grpc.StatusCode.NOT_FOUND,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: grpc.StatusCode.INVALID_ARGUMENT,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: grpc.StatusCode.INVALID_ARGUMENT,
    HTTPStatus.UNPROCESSABLE_ENTITY: grpc.StatusCode.INVALID_ARGUMENT,
    HTTPStatus.TOO_MANY_REQUESTS: grpc.StatusCode.RESOURCE_EXHAUSTED,
    HTTPStatus.INTERNAL_SERVER_ERROR: grpc.StatusCode.INTERNAL,
    HTTPStatus.BAD_GATEWAY: grpc.StatusCode.INTERNAL,
    HTTPStatus.SERVICE_UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT: grpc.StatusCode.DEADLINE_EXCEEDED,
    HTTPStatus.INSUFFICIENT_STORAGE: grpc.StatusCode.RESOURCE_EXHAUSTED,
}
# Where gRPC has a better word than the HTTP status leads to.
_CODES_BY_KIND: dict[type[Exception], grpc.StatusCode] = {
    BusyError: grpc.StatusCode.RESOURCE_EXHAUSTED,
    TaskError: grpc.StatusCode.INVALID_ARGUMENT,
    NoModelError: grpc.StatusCode.FAILED_PRECONDITION,
}
_FIELDS: dict[type[Exception], str] = {
    PictureError: "picture",
    UploadError: "picture",
    ThresholdError: "threshold",
    UnknownModelError: "model",
    TaskError: "model",
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """What one error comes to.

    Attributes:
        code: The status.
        sentence: What happened, for people.
        details: The same for programs.
    """

    code: grpc.StatusCode
    sentence: str
    details: tuple[Any, ...]

    def status(self) -> Status:
        """Return it as the details of a call's status."""
        return Status(code=self.code.value[0], message=self.sentence, details=self.details)

    def error(self) -> vision_pb2.Error:
        """Return it as the outcome of a frame."""
        return vision_pb2.Error.FromString(self.status().SerializeToString())


def trouble_of(error: Exception) -> Trouble:
    """Return what an error comes to."""
    if isinstance(error, FrontError):
        return _trouble(error, error.code, str(error), error.retry_after_s)
    rule = rule_of(error)
    wait_s = error.retry_after_s if isinstance(error, TooOftenError) else rule.retry_after_s
    return _trouble(
        error, _code(error, rule), rule.sentence or str(error), wait_s, _what_now(error, rule)
    )


def is_unexpected(error: Exception) -> bool:
    """Tell whether nobody thought of such an error, so that the log should have all of it."""
    return not isinstance(error, FrontError) and rule_of(error) is UNEXPECTED


def _code(error: Exception, rule: Rule) -> grpc.StatusCode:
    if isinstance(error, NoAnswerError) and error.result.failure_kind is FailureKind.OVERLOADED:
        return grpc.StatusCode.RESOURCE_EXHAUSTED
    return _nearest(error, _CODES_BY_KIND) or _CODES[rule.status]


def _trouble(
    error: Exception,
    code: grpc.StatusCode,
    sentence: str,
    wait_s: int | None,
    what_now: dict[str, str] | None = None,
) -> Trouble:
    reason = _reason(error)
    details: list[Message] = [
        detail.ErrorInfo(reason=reason, domain=DOMAIN, metadata=what_now or {}),
        detail.RequestInfo(request_id=request_id()),
    ]
    if code is grpc.StatusCode.INVALID_ARGUMENT:
        violation = detail.BadRequest.FieldViolation(
            field=_field(error), description=sentence, reason=reason
        )
        details.append(detail.BadRequest(field_violations=[violation]))
    if wait_s is not None:
        details.append(detail.RetryInfo(retry_delay=Duration(seconds=wait_s)))
    return Trouble(code, sentence, tuple(map(_packed, details)))


def _what_now(error: Exception, rule: Rule) -> dict[str, str]:
    """Return what became of the picture, and what to do."""
    facts = {"advice": rule.advice, "kept": rule.kept}
    if isinstance(error, NoAnswerError):
        facts["result_id"] = error.result.id
        if not error.result.id:  # a frame that nobody asked to keep
            facts = {}
    return {name: text for name, text in facts.items() if text}


def _reason(error: Exception) -> str:
    """Return a word for programs.

    Examples:
        >>> _reason(ThresholdError("")), _reason(KeyError())
        ('THRESHOLD', 'UNEXPECTED')
    """
    if isinstance(error, NoAnswerError):
        return (error.result.failure_kind or FailureKind.UNFINISHED).upper()
    if is_unexpected(error):
        return "UNEXPECTED"
    name = type(error).__name__.removesuffix("Error")
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).upper()


def _field(error: Exception) -> str:
    return error.field if isinstance(error, MessageError) else _nearest(error, _FIELDS) or ""


def _nearest(error: Exception, table: dict[type[Exception], _T]) -> _T | None:
    return next((table[kind] for kind in type(error).__mro__ if kind in table), None)


def _packed(message: Message) -> Any:
    anything = Any()
    anything.Pack(message)
    return anything
