"""Why an accepted picture has no answer, in words for people and kinds for programs."""

from dataclasses import dataclass
from enum import StrEnum

from serving_client import (
    DeadlineExceededError,
    NotFoundError,
    ResourceExhaustedError,
    UnavailableError,
)


class FailureKind(StrEnum):
    """What went wrong between the upload and its answer."""

    UNFINISHED = "unfinished"
    UNREACHABLE = "unreachable"
    TOO_SLOW = "too_slow"
    NOT_SERVED = "not_served"
    OVERLOADED = "overloaded"
    BROKEN_ANSWER = "broken_answer"
    UNEXPECTED = "unexpected"


@dataclass(frozen=True, slots=True)
class Failure:
    """A kind and its sentence."""

    kind: FailureKind
    sentence: str


UNFINISHED = Failure(FailureKind.UNFINISHED, "This picture has not been answered yet.")

_BY_ERROR: dict[type[Exception], tuple[FailureKind, str]] = {
    UnavailableError: (
        FailureKind.UNREACHABLE,
        "The model server cannot be reached at the moment.",
    ),
    DeadlineExceededError: (
        FailureKind.TOO_SLOW,
        "The model server did not answer in time.",
    ),
    NotFoundError: (
        FailureKind.NOT_SERVED,
        "The model server is running, and does not have the model {model}.",
    ),
    ResourceExhaustedError: (
        FailureKind.OVERLOADED,
        "The model server has more to do than it can hold.",
    ),
}
_OTHERWISE = (
    FailureKind.BROKEN_ANSWER,
    "The model {model} and its description do not fit together, or the model failed.",
)


def failure_of(error: Exception, model_name: str) -> Failure:
    """Return what an error of the call means to the person who waits for the answer."""
    kind, sentence = _BY_ERROR.get(type(error), _OTHERWISE)
    return Failure(kind, sentence.format(model=model_name))
