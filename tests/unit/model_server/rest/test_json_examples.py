"""Bodies of classify and regress requests."""

from typing import Any

import pytest
from google.protobuf import text_format
from tensorflow_serving.apis.input_pb2 import Input

from model_server.rest.json_examples import fill_input
from model_server.status import Code, ServingError


def filled(document: dict[str, Any]) -> Input:
    message = Input()
    fill_input(message, document)
    return message


def test_features_become_lists_of_their_kind() -> None:
    """Text and base64 are bytes, truth values are integers, one value is a list of one."""
    message = filled(
        {
            "examples": [
                {"names": ["foo", {"b64": "aGVsbG8="}, "\udcff"], "ratings": [8.0, 1e400]},
                {"age": 20, "mix": [1, True, False], "huge": 10**400, "none": []},
                {},
            ]
        }
    )

    expected = text_format.Parse(
        r"""
        example_list {
          examples { features {
            feature { key: "names" value { bytes_list { value: ["foo", "hello", "\377"] } } }
            feature { key: "ratings" value { float_list { value: [8, inf] } } }
          } }
          examples { features {
            feature { key: "age" value { int64_list { value: 20 } } }
            feature { key: "mix" value { int64_list { value: [1, 1, 0] } } }
            feature { key: "huge" value { float_list { value: inf } } }
            feature { key: "none" value { } }
          } }
          examples { }
        }
        """,
        Input(),
    )
    assert message == expected


def test_a_context_is_shared() -> None:
    """Examples with a context are another message."""
    message = filled({"context": {"query": "pizza"}, "examples": [{"x": 1}]})

    listed = message.example_list_with_context
    assert message.WhichOneof("kind") == "example_list_with_context"
    assert listed.context.features.feature["query"].bytes_list.value == [b"pizza"]
    assert listed.examples[0].features.feature["x"].int64_list.value == [1]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (
            {},
            (
                "JSON Value: {} When method is classify, key 'examples' is expected and was not "
                "found"
            ),
        ),
        (
            {"examples": {}},
            "JSON Value: {\n    \"examples\": {}\n} Expecting 'examples' value to be an list/array",
        ),
        (
            {"examples": []},
            "JSON Value: {\n    \"examples\": []\n} 'examples' value is an empty array",
        ),
        ({"examples": [[{"x": 1}]]}, "Example must be JSON object but got JSON Array"),
        ({"context": [], "examples": []}, "Example must be JSON object but got JSON Array"),
        (
            {"examples": [{"x": [10, None]}]},
            "Feature: x has element with unexpected JSON type: Null",
        ),
        (
            {"examples": [{"x": [[10], 20]}]},
            "Feature: x has element with unexpected JSON type: Array",
        ),
        (
            {"examples": [{"x": {"y": 1}}]},
            "Feature: x has element with unexpected JSON type: Object",
        ),
        (
            {"examples": [{"x": [10, 10.0]}]},
            "Unexpected element type in feature: x expecting type: int64",
        ),
        (
            {"examples": [{"x": ["a", 1]}]},
            "Unexpected element type in feature: x expecting type: bytes",
        ),
        (
            {"examples": [{"x": [20, 18446744073709551603]}]},
            "Feature: x has uint64 element. Only int64 is supported.",
        ),
        ({"examples": [{"x": {"b64": "?"}}]}, "Unable to base64 decode"),
    ],
)
def test_what_are_no_examples_is_refused(document: dict[str, Any], message: str) -> None:
    """The words are the original's."""
    with pytest.raises(ServingError) as caught:
        filled(document)

    assert (caught.value.code, caught.value.message) == (Code.INVALID_ARGUMENT, message)
