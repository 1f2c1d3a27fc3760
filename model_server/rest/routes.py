"""Addresses of the API: what each asks for, of which version of which model."""

import re
from enum import Enum
from urllib.parse import unquote

from tensorflow_serving.apis.model_pb2 import ModelSpec

from model_server.rest.errors import invalid

_MODEL = r"(?:/versions/(?P<version>[0-9]+)|/labels/(?P<label>[^/:]+))?"
_ACTION_ROUTE = re.compile(
    rf"/v1/models/(?P<name>[^/:]+){_MODEL}:(?P<what>classify|regress|predict)", re.IGNORECASE
)
_PAGE_ROUTE = re.compile(
    rf"/v1/models(?:/(?P<name>[^/:]+))?{_MODEL}(?:/(?P<what>metadata))?", re.IGNORECASE
)
_LIST_ROUTE = re.compile("/v1/models", re.IGNORECASE)

_VERSION_MAX = 2**63 - 1
_VERSION_DIGITS_MAX = 19


class Ask(Enum):
    """What a request asks for."""

    PREDICT = "predict"
    CLASSIFY = "classify"
    REGRESS = "regress"
    METADATA = "metadata"
    STATUS = "status"
    MODELS = "models"


def read_route(method: str, path: str, spec: ModelSpec) -> Ask:
    """Read an address.

    Args:
        method: The method of the request.
        path: The path as it was sent, with its query, which is a part of the name as in the
            original.
        spec: Is filled in with the model that is meant.

    Raises:
        ServingError: There is no such address.

    Example:
        >>> spec = ModelSpec()
        >>> read_route("POST", "/v1/models/ssd/versions/2:predict", spec)
        <Ask.PREDICT: 'predict'>
        >>> spec.name, spec.version.value
        ('ssd', 2)
    """
    if method == "GET" and _LIST_ROUTE.fullmatch(path):
        return Ask.MODELS
    routes = {"POST": _ACTION_ROUTE, "GET": _PAGE_ROUTE}
    match = routes[method].fullmatch(path) if method in routes else None
    if match is None:
        raise invalid(f"Malformed request: {method} {path}")
    _fill_spec(spec, match)
    return Ask((match["what"] or Ask.STATUS.value).lower())


def _fill_spec(spec: ModelSpec, match: "re.Match[str]") -> None:
    if not match["name"]:
        raise invalid("Missing model name in request.")
    spec.name = unquote(match["name"])
    if match["label"]:
        spec.version_label = unquote(match["label"])
    elif match["version"]:
        digits = match["version"].lstrip("0") or "0"
        if len(digits) > _VERSION_DIGITS_MAX or int(digits) > _VERSION_MAX:
            raise invalid(f"Failed to convert version: {match['version']} to numeric.")
        spec.version.value = int(digits)
