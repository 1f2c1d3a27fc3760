"""From ``TypedDict`` classes and their docstrings to JSON Schema."""

import inspect
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter

_REFERENCE = "#/components/schemas/{model}"
_FIELDS = "Attributes:\n"
_ENTRY = re.compile(r"^(\w+): (.+?)(?=^\w+: |\Z)", re.MULTILINE | re.DOTALL)


def schemas_of(shapes: Iterable[type]) -> dict[str, Any]:
    """Return the schemas of shapes, and of those that they are made of, by name.

    What stands under ``Attributes:`` in a docstring describes the fields.
    """
    every = sorted({shape.__name__: shape for shape in shapes}.items())
    inputs: Any = [(name, "validation", TypeAdapter(shape)) for name, shape in every]
    _, document = TypeAdapter.json_schemas(inputs, ref_template=_REFERENCE)
    docstrings = {name: _docstrings(shape) for name, shape in every}
    return {
        name: _described(schema, docstrings.get(name) or [schema.get("description", "")])
        for name, schema in sorted(document["$defs"].items())
    }


def reference_to(shape: type) -> dict[str, str]:
    """Return what stands for a shape where it is used."""
    return {"$ref": _REFERENCE.format(model=shape.__name__)}


def _docstrings(shape: type) -> list[str]:
    """Return the docstrings of a shape and of those that it extends, its own one first."""
    extended = getattr(shape, "__orig_bases__", ())
    bases = [base for base in extended if getattr(base, "__annotations__", None)]
    return [shape.__doc__ or "", *(text for base in bases for text in _docstrings(base))]


def _described(schema: Mapping[str, Any], docstrings: Sequence[str]) -> dict[str, Any]:
    plain = {key: value for key, value in schema.items() if key != "title"}
    summary = inspect.cleandoc(docstrings[0]).partition(_FIELDS)[0]
    described = {**plain, "description": _one_line(summary)}
    if "properties" in schema:
        texts = {name: text for each in reversed(docstrings) for name, text in _field_texts(each)}
        described["properties"] = {
            name: _field(field, _one_line(texts.get(name, "")))
            for name, field in schema["properties"].items()
        }
    return described


def _field_texts(docstring: str) -> list[tuple[str, str]]:
    fields = inspect.cleandoc(docstring).partition(_FIELDS)[2]
    return _ENTRY.findall(inspect.cleandoc(fields))


def _field(schema: Mapping[str, Any], description: str) -> dict[str, Any]:
    plain = {key: value for key, value in schema.items() if key != "title"}
    return {**plain, "description": description} if description else plain


def _one_line(text: str) -> str:
    return " ".join(text.split())
