"""The document itself, from the addresses that an application has."""

import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from importlib.metadata import version
from itertools import groupby
from typing import Any

from flask import Flask
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.routing import Rule

from webapp.blueprints.api.shapes import ProblemDocument
from webapp.exceptions import BadKeyError, LoginNeededError, ScopeError, TooOftenError
from webapp.http.request_picture import FIELD, FORM_TYPE
from webapp.openapi.operation import JsonBody, Operation, Parameter, PictureBody, operation_of
from webapp.openapi.shapes import reference_to, schemas_of
from webapp.problem_rules import FAILURE_RULES, RULES
from webapp.storage.originals import MEDIA_TYPES

_PREFIX = "api."
_SELF = "api.description"
_PROBLEM_TYPE = "application/problem+json"
# What every address may end with: it depends on who asks, and how often.
_ALWAYS = (BadKeyError, LoginNeededError, ScopeError, TooOftenError)
_VARIABLE = re.compile(r"<(\w+)>")
_ID = {"type": "string", "pattern": "^[0-9a-f]{32}$"}
_ABOUT = """\
Send pictures, get what models see in them.

Errors are problem documents (RFC 9457): what happened, what was kept, what to do, and a reference
that is also in the log. Where the site asks for it, send an API key as a bearer token."""


class UndescribedError(Exception):
    """A view of the API does not say what it takes and answers."""


@dataclass(frozen=True, slots=True)
class _Address:
    """One method of one path."""

    path: str
    method: str
    rule: Rule
    view: Callable[..., Any]
    operation: Operation


def openapi_document(app: Flask) -> dict[str, Any]:
    """Return the description of an application's API, in OpenAPI 3.1.

    Raises:
        UndescribedError: A view does not say what it takes and answers.
    """
    addresses = sorted(_addresses(app), key=lambda each: (each.path, each.method))
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Sightline",
            "version": version("sightline"),
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{}, {"key": []}],
        "paths": {
            path: {each.method: _described(each) for each in group}
            for path, group in groupby(addresses, key=lambda each: each.path)
        },
        "components": {
            "schemas": schemas_of(_shapes(addresses)),
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


def _addresses(app: Flask) -> Iterator[_Address]:
    for rule in app.url_map.iter_rules():
        if not rule.endpoint.startswith(_PREFIX) or rule.endpoint == _SELF:
            continue
        view = app.view_functions[rule.endpoint]
        operation = operation_of(view)
        if operation is None:
            raise UndescribedError(f"The view {rule.endpoint} lacks @describes.")
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            path = _VARIABLE.sub(r"{\1}", rule.rule)
            yield _Address(path, method.lower(), rule, view, operation)


def _shapes(addresses: Iterable[_Address]) -> Iterator[type]:
    yield ProblemDocument
    for address in addresses:
        yield from (shape for shape in address.operation.answers.values() if shape)
        if isinstance(address.operation.takes, JsonBody):
            yield address.operation.takes.shape


def _described(address: _Address) -> dict[str, Any]:
    operation = address.operation
    summary, _, description = inspect.cleandoc(address.view.__doc__ or "").partition("\n\n")
    document: dict[str, Any] = {
        "operationId": address.rule.endpoint.removeprefix(_PREFIX),
        "tags": [address.view.__module__.rpartition(".")[2]],
        "summary": summary.rstrip("."),
    }
    if description:
        document["description"] = " ".join(description.split())
    document["parameters"] = [
        *({"name": name, "in": "path", "required": True, "schema": _ID}
          for name in sorted(address.rule.arguments)),
        *map(_parameter, operation.parameters),
    ]  # fmt: skip
    if operation.takes:
        document["requestBody"] = {"required": True, "content": _body(operation.takes)}
    document["responses"] = {**_answers(operation), **_problems(operation)}
    return document


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": parameter.where,
        "description": parameter.description,
        "schema": dict(parameter.schema),
    }


def _body(takes: JsonBody | PictureBody) -> dict[str, Any]:
    if isinstance(takes, JsonBody):
        return {"application/json": {"schema": reference_to(takes.shape)}}
    if takes.is_many:
        file = {"type": "array", "minItems": 1, "items": {"type": "string", "format": "binary"}}
        return {FORM_TYPE: {"schema": _form(file)}}
    files = {
        media_type: {"schema": {"type": "string", "format": "binary"}}
        for media_type in MEDIA_TYPES.values()
    }
    return {FORM_TYPE: {"schema": _form({"type": "string", "format": "binary"})}, **files}


def _form(file: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": [FIELD],
        "properties": {
            FIELD: file,
            "model": {"type": "string", "description": "Name of the model to ask."},
            "threshold": {
                "type": "number",
                "minimum": 0,
                "maximum": 1,
                "description": "Score from which detections and classes are shown.",
            },
        },
    }


def _answers(operation: Operation) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    for status, shape in operation.answers.items():
        answer: dict[str, Any] = {"description": HTTPStatus(status).phrase}
        if shape:
            answer["content"] = {"application/json": {"schema": reference_to(shape)}}
        if operation.is_located:
            where = {"schema": {"type": "string"}, "description": "Where it is."}
            answer["headers"] = {"Location": where}
        answers[str(status)] = answer
    return answers


def _problems(operation: Operation) -> dict[str, Any]:
    rules = [RULES[kind] for kind in (*operation.raises, *_ALWAYS)]
    if operation.asks_model:
        rules += FAILURE_RULES.values()
    if operation.takes:
        rules.append(RULES[RequestEntityTooLarge])
    content = {_PROBLEM_TYPE: {"schema": reference_to(ProblemDocument)}}
    titles: dict[int, list[str]] = {}
    for rule in sorted(rules, key=lambda rule: rule.status):
        said = titles.setdefault(int(rule.status), [])
        if rule.title not in said:
            said.append(rule.title)
    return {
        str(status): {"description": "; ".join(said), "content": content}
        for status, said in titles.items()
    }
