"""The body of a classify or regress request: examples, each an object of features."""

from collections.abc import Callable, Mapping
from typing import Any

from tensorflow_serving.apis.input_pb2 import Input

from model_server.rest.errors import invalid
from model_server.rest.json_document import echo, type_name, utf8
from model_server.rest.json_tensor import decode_base64, is_base64

_CONTEXT, _EXAMPLES = "context", "examples"
_INT64_MIN, _INT64_MAX, _UINT64_MAX = -(2**63), 2**63 - 1, 2**64 - 1

# The fields of a `tensorflow.Feature`, and what the original calls them.
_BYTES, _FLOATS, _INTS = "bytes_list", "float_list", "int64_list"
_KIND_NAMES = {_BYTES: "bytes", _FLOATS: "float", _INTS: "int64"}


def fill_input(message: Input, document: Mapping[str, Any]) -> None:
    """Write the examples of a request, and the context they share, into its message.

    Args:
        message: An empty `tensorflow.serving.Input`.
        document: The parsed body.

    Raises:
        ServingError: There are no examples, or they are none.
    """
    listed = message.example_list
    if _CONTEXT in document:
        listed = message.example_list_with_context
        _fill_example(listed.context, document[_CONTEXT])
    for example in _examples(document):
        _fill_example(listed.examples.add(), example)


def _examples(document: Mapping[str, Any]) -> list[Any]:
    examples = document.get(_EXAMPLES)
    problem = None
    if _EXAMPLES not in document:
        problem = "When method is classify, key 'examples' is expected and was not found"
    elif type(examples) is not list:
        problem = "Expecting 'examples' value to be an list/array"
    elif not examples:
        problem = "'examples' value is an empty array"
    if problem or type(examples) is not list:
        raise invalid("JSON Value: ", echo(document), " ", problem)
    return examples


def _fill_example(example: Any, features: Any) -> None:
    if type(features) is not dict:
        raise invalid("Example must be JSON object but got JSON ", type_name(features))
    for name, value in features.items():
        values = value if type(value) is list else [value]
        # A name is text for a message, so bytes that are no UTF-8 cannot be kept.
        feature = example.features.feature[name.encode("utf-8", "replace").decode()]
        feature.SetInParent()
        _fill_feature(feature, name, values)


def _fill_feature(feature: Any, name: str, values: list[Any]) -> None:
    field = None
    converted = []
    for value in values:
        kind, convert = _kind_of(name, value)
        if field not in (None, kind):
            raise invalid(
                f"Unexpected element type in feature: {name} expecting type: {_KIND_NAMES[field]}"
            )
        field = kind
        converted.append(convert(value))
    if field:
        getattr(feature, field).value.extend(converted)


def _kind_of(name: str, value: Any) -> tuple[str, Callable[[Any], Any]]:
    """Return the field that a value belongs to, and what makes an entry of the field of it."""
    if type(value) is int and _INT64_MIN <= value <= _INT64_MAX:
        return _INTS, int
    if type(value) is int and 0 < value <= _UINT64_MAX:
        raise invalid(f"Feature: {name} has uint64 element. Only int64 is supported.")
    if type(value) in (int, float):
        return _FLOATS, _single
    if type(value) is bool:
        return _INTS, int
    if type(value) is str:
        return _BYTES, utf8
    if is_base64(value):
        return _BYTES, decode_base64
    raise invalid(f"Feature: {name} has element with unexpected JSON type: {type_name(value)}")


def _single(number: float) -> float:
    """Return a number that a float field takes; what is too large becomes infinite."""
    try:
        return float(number)
    except OverflowError:
        return float("inf") if number > 0 else float("-inf")
