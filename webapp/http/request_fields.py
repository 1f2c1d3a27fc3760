"""Fields beside a picture, as people and programs send them."""

import re
from collections.abc import Mapping
from typing import Any

from flask import request

from webapp.exceptions import FieldError, OpacityError, UnknownClassError
from webapp.results import parse_threshold

OPACITY = 0.6
"""How much of a heat map shows unless somebody says otherwise."""
_NUMBER = re.compile(r"[0-9]{1,9}")


def parse_class_id(text: str | None) -> int | None:
    """Read a class id; None or empty text means "the most probable one".

    Raises:
        UnknownClassError: The text is no whole number of 0 or more.

    Examples:
        >>> parse_class_id("281"), parse_class_id("")
        (281, None)
    """
    if text is None or not text.strip():
        return None
    if not _NUMBER.fullmatch(text.strip()):
        raise UnknownClassError("The class must be a whole number, such as 281.")
    return int(text)


def parse_opacity(text: str | None) -> float:
    """Read an opacity; None or empty text means the usual one.

    Raises:
        OpacityError: The text is no number from 0 to 1.

    Examples:
        >>> parse_opacity("0.35"), parse_opacity(None)
        (0.35, 0.6)
    """
    try:
        opacity = float(text) if text and text.strip() else OPACITY
    except ValueError:
        opacity = -1.0
    if not 0 <= opacity <= 1:
        raise OpacityError("The opacity must be a number from 0 to 1, such as 0.6.")
    return opacity


def json_fields() -> Mapping[str, Any]:
    """Return the JSON object in the body of the current request.

    Raises:
        FieldError: The body is something else.
    """
    fields = request.get_json(force=True, silent=True)
    if not isinstance(fields, dict):
        raise FieldError("The body must be a JSON object.")
    return fields


def json_text(fields: Mapping[str, Any], name: str) -> str | None:
    """Return a text of a JSON object; None where it is missing or null.

    Raises:
        FieldError: It is no text.
    """
    value = fields.get(name)
    if value is not None and not isinstance(value, str):
        raise FieldError(f"The field “{name}” must be a text.")
    return value


def json_threshold(fields: Mapping[str, Any]) -> float | None:
    """Return the threshold of a JSON object, a number or a text; None where there is none.

    Raises:
        ThresholdError: It is no number from 0 to 1.
    """
    value = fields.get("threshold")
    return parse_threshold(None if value is None else str(value))


def json_index(fields: Mapping[str, Any], name: str) -> int:
    """Return a place in a list, from 0 on, of a JSON object.

    Raises:
        FieldError: It is missing, or no whole number of 0 or more.
    """
    value = fields.get(name)
    if type(value) is not int or value < 0:
        raise FieldError(f"The field “{name}” must be a whole number of 0 or more.")
    return value
