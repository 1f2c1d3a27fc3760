"""What a view of the API takes and answers, said beside the view."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

_ATTRIBUTE = "__openapi_operation__"

View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value in the query or the headers.

    Attributes:
        name: What it is called.
        description: What it is for, in a sentence.
        schema: What it may be, in JSON Schema.
        where: Where it stands.
    """

    name: str
    description: str
    schema: Mapping[str, Any]
    where: Literal["query", "header"] = "query"


@dataclass(frozen=True, slots=True)
class JsonBody:
    """A request's body that is a JSON object.

    Attributes:
        shape: A ``TypedDict``.
    """

    shape: type


@dataclass(frozen=True, slots=True)
class PictureBody:
    """A request's body that has a picture: a form, or nothing but the file.

    Attributes:
        is_many: Whether it is a form with one picture or more, and never the file alone.
    """

    is_many: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """What a view takes and answers.

    Attributes:
        answers: The ``TypedDict`` that it answers, by HTTP status; None for an empty body.
        takes: What the request's body is; None where there is none.
        parameters: What may stand in the query and the headers.
        raises: The errors of ``webapp.problem_rules.RULES`` that it ends with, beside those that
            every address of the API may end with.
        asks_model: Whether it may also end with what goes wrong between us and the model server.
        is_located: Whether the answer has the header ``Location``.
    """

    answers: Mapping[int, type | None]
    takes: JsonBody | PictureBody | None = None
    parameters: tuple[Parameter, ...] = ()
    raises: tuple[type[Exception], ...] = ()
    asks_model: bool = False
    is_located: bool = False


def describes(operation: Operation) -> Callable[[View], View]:
    """Note what a view takes and answers; its docstring says what it is for."""

    def note(view: View) -> View:
        setattr(view, _ATTRIBUTE, operation)
        return view

    return note


def operation_of(view: Callable[..., Any]) -> Operation | None:
    """Return what was noted about a view; None where nothing was."""
    operation: Operation | None = getattr(view, _ATTRIBUTE, None)
    return operation
