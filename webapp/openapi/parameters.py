"""The parameters that several views have."""

from typing import Any

from webapp.openapi.operation import Parameter
from webapp.results import Task
from webapp.storage.query import PAGE_SIZE, PAGE_SIZE_MAX

_SCORE = {"type": "number", "minimum": 0, "maximum": 1}

THRESHOLD = Parameter("threshold", "Score from which detections and classes are shown.", _SCORE)
MODEL = Parameter(
    "model",
    "Name of the model to ask, for a picture sent as the body; the default one otherwise.",
    {"type": "string"},
)
NAME = Parameter(
    "name", "File name of a picture sent as the body, to be shown.", {"type": "string"}
)
CLASS_ID = Parameter(
    "class_id",
    "Class to explain; the most probable one where it is missing.",
    {"type": "integer", "minimum": 0, "maximum": 999_999_999},
)
IDEMPOTENCY_KEY = Parameter(
    "Idempotency-Key",
    "Made at random by the sender. A request that is sent again with the same key within a day is "
    "not carried out again; it gets the first one's answer.",
    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    "header",
)


def _or_empty(schema: dict[str, Any]) -> dict[str, Any]:
    """Allow an empty text, which means the same as leaving the parameter out."""
    return {"anyOf": [schema, {"const": ""}]}


LISTING = (
    Parameter("label", "Part of the name of an object or class that is shown.", {"type": "string"}),
    Parameter("model", "Name of the model that was asked.", {"type": "string"}),
    Parameter("task", "What that model does.", _or_empty({"type": "string", "enum": list(Task)})),
    Parameter(
        "from",
        "First day, such as 2026-03-09, or moment in ISO 8601; in UTC unless it says otherwise.",
        {"type": "string"},
    ),
    Parameter("to", "Last day, included, or the moment that is too late.", {"type": "string"}),
    Parameter(
        "batch",
        "Id that pictures sent together have in common.",
        {"type": "string", "pattern": "^([0-9a-f]{32})?$"},
    ),
    Parameter(
        "limit",
        "How many results a page has at most.",
        _or_empty(
            {"type": "integer", "minimum": 1, "maximum": PAGE_SIZE_MAX, "default": PAGE_SIZE}
        ),
    ),
    Parameter("cursor", "Where the page begins: part of `next`.", {"type": "string"}),
)
