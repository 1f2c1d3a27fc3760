"""Bodies of predict requests."""

from typing import Any

import numpy as np
import pytest
from tensorflow_serving.apis.get_model_metadata_pb2 import SignatureDefMap

from model_server.rest.json_predict import (
    Form,
    predict_input,
    signature_name_of,
    signature_named,
)
from model_server.status import Code, ServingError

FLOAT, INT32, STRING, HALF = 1, 3, 7, 19


def signature(**types: int) -> Any:
    signatures = SignatureDefMap().signature_def
    for alias, type_ in types.items():
        signatures["s"].inputs[alias].dtype = type_
    return signatures["s"]


ONE = signature(x=INT32)
TWO = signature(x=INT32, y=STRING)


def read(document: dict[str, Any], signature_def: Any) -> tuple[Form, dict[str, Any]]:
    given = predict_input(document, signature_def)
    return given.form, {alias: each.tolist() for alias, each in given.tensors.items()}


@pytest.mark.parametrize(
    ("document", "signature_def", "form", "tensors"),
    [
        ({"instances": [[]]}, ONE, Form.ROW, {"x": [[]]}),
        ({"instances": [1, 2]}, ONE, Form.ROW, {"x": [1, 2]}),
        ({"instances": [[[1]], [[2]]]}, ONE, Form.ROW, {"x": [[[1]], [[2]]]}),
        ({"instances": [{"x": 1}, {"x": 2}]}, ONE, Form.ROW, {"x": [1, 2]}),
        (
            {"instances": [{"x": [1], "y": "a"}, {"y": {"b64": "Yg=="}, "x": [2]}]},
            TWO,
            Form.ROW,
            {"x": [[1], [2]], "y": [b"a", b"b"]},
        ),
        (
            {"instances": [{"b64": "YQ=="}, "b"]},
            signature(b64=STRING),
            Form.ROW,
            {"b64": [b"a", b"b"]},
        ),
        ({"inputs": 1}, ONE, Form.COLUMN, {"x": 1}),
        ({"inputs": []}, ONE, Form.COLUMN, {"x": []}),
        ({"inputs": [[1]]}, ONE, Form.COLUMN, {"x": [[1]]}),
        ({"inputs": {"x": [1], "z": 1}}, ONE, Form.COLUMN, {"x": [1]}),
        ({"inputs": {"b64": "YQ=="}}, signature(y=STRING), Form.COLUMN, {"y": b"a"}),
        (
            {"inputs": {"x": [[1], [2]], "y": {"b64": "YQ=="}}},
            TWO,
            Form.COLUMN,
            {"x": [[1], [2]], "y": b"a"},
        ),
    ],
)
def test_tensors_are_read(
    document: dict[str, Any], signature_def: Any, form: Form, tensors: dict[str, Any]
) -> None:
    """In rows and in columns, with and without the name of a single input."""
    assert read(document, signature_def) == (form, tensors)


def with_default(signature_def: Any, alias: str, value: int) -> Any:
    signature_def.defaults[alias].dtype = INT32
    signature_def.defaults[alias].int_val.append(value)
    return signature_def


OPTIONAL = with_default(signature(x=INT32, y=INT32), "y", -1)


@pytest.mark.parametrize(
    ("document", "signature_def", "tensors"),
    [
        ({"instances": [{"x": 1}, {"x": 2}]}, OPTIONAL, {"x": [1, 2], "y": -1}),
        ({"instances": [{"x": 1, "y": 3}]}, OPTIONAL, {"x": [1], "y": [3]}),
        ({"instances": [1, 2]}, OPTIONAL, {"x": [1, 2], "y": -1}),
        ({"inputs": {"x": [1]}}, OPTIONAL, {"x": [1], "y": -1}),
        ({"inputs": {"x": [1], "y": [3]}}, OPTIONAL, {"x": [1], "y": [3]}),
        ({"inputs": [1]}, OPTIONAL, {"x": [1], "y": -1}),
        ({"inputs": [1]}, with_default(signature(x=INT32), "x", -1), {"x": [1]}),
        ({"inputs": {}}, with_default(signature(x=INT32), "x", -1), {"x": -1}),
    ],
)
def test_an_input_with_a_default_may_be_left_out(
    document: dict[str, Any], signature_def: Any, tensors: dict[str, Any]
) -> None:
    """Whoever leaves it out gets the default that the model was exported with."""
    assert read(document, signature_def)[1] == tensors


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ({"inputs": {"y": [1]}}, "Missing named input: x in 'inputs' object."),
        ({"instances": [{"y": 1}]}, "keys must be equal to: x,y"),
        ({"instances": [{"x": 1}, {"x": 1, "y": 2}]}, "does not have named input: y"),
        ({"instances": [{"x": 1, "y": 2}, {"x": 1}]}, "keys must be equal to: x,y"),
    ],
)
def test_an_input_without_a_default_may_not_be_left_out(
    document: dict[str, Any], complaint: str
) -> None:
    """What is missing is named, and all instances have the same inputs."""
    with pytest.raises(ServingError) as caught:
        predict_input(document, OPTIONAL)

    assert caught.value.code is Code.INVALID_ARGUMENT
    assert complaint in str(caught.value)


ROW_ERRORS = [
    (
        [[1, 2], [3, 4], [5, 6, 7]],
        ONE,
        (
            "Failed to process element: 2 of 'instances' list. Error: INVALID_ARGUMENT: "
            "Expecting tensor size: 2 but got: 3"
        ),
    ),
    (
        [[1, 2], [[3, 4]]],
        ONE,
        (
            "Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: "
            "Expecting shape [2] but got: [1,2]"
        ),
    ),
    (
        [1, [1]],
        ONE,
        (
            "Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: "
            "Expecting shape [] but got: [1]"
        ),
    ),
    (
        [1, "a"],
        ONE,
        (
            "Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: "
            'JSON Value: "a" Type: String is not of expected type: int32'
        ),
    ),
    (
        [[1, [2]]],
        ONE,
        (
            "Failed to process element: 0 of 'instances' list. Error: INVALID_ARGUMENT: "
            "Encountered list at unexpected level: 1 expected < 1"
        ),
    ),
    (
        [1],
        signature(x=HALF),
        (
            "Failed to process element: 0 of 'instances' list. Error: UNIMPLEMENTED: "
            "Conversion of JSON Value: 1 to type: half"
        ),
    ),
    (
        [1],
        TWO,
        (
            "instances is a plain list, but expecting list of objects as multiple input tensors "
            "required as per tensorinfo_map"
        ),
    ),
    ([{"x": 1}, [1]], ONE, "Expecting object but got list at item 1 of input list"),
    ([1, {"x": 1}], ONE, "Expecting value/list but got object at item 1 of input list"),
    (
        [{"x": 1, "y": "a"}, {"x": "b", "y": "c"}],
        TWO,
        (
            "Failed to process element: 1 key: x of 'instances' list. Error: INVALID_ARGUMENT: "
            'JSON Value: "b" Type: String is not of expected type: int32'
        ),
    ),
    (
        [{"z": 1}],
        ONE,
        (
            "Failed to process element: 0 key: z of 'instances' list. Error: INVALID_ARGUMENT: "
            "JSON object: does not have named input: z"
        ),
    ),
    (
        [{"x": 1}],
        TWO,
        (
            "Failed to process element: 0 of 'instances' list. JSON object: {\n"
            '    "x": 1\n} keys must be equal to: x,y'
        ),
    ),
]


@pytest.mark.parametrize(("instances", "signature_def", "message"), ROW_ERRORS)
def test_the_first_wrong_row_is_named(
    instances: list[Any], signature_def: Any, message: str
) -> None:
    """The words are the original's."""
    with pytest.raises(ServingError) as caught:
        predict_input({"instances": instances}, signature_def)

    assert (caught.value.code, caught.value.message) == (Code.INVALID_ARGUMENT, message)


@pytest.mark.parametrize(
    ("document", "signature_def", "message"),
    [
        ({}, ONE, "Missing 'inputs' or 'instances' key"),
        (
            {"instances": 1, "inputs": 1},
            ONE,
            (
                'JSON Value: {\n    "instances": 1,\n    "inputs": 1\n} Not formatted correctly '
                "expecting only one of 'inputs' or 'instances' keys to exist "
            ),
        ),
        (
            {"instances": 1},
            ONE,
            ("JSON Value: {\n    \"instances\": 1\n} Expecting 'instances' to be an list/array"),
        ),
        (
            {"instances": []},
            ONE,
            "JSON Value: {\n    \"instances\": []\n} No values in 'instances' array",
        ),
        (
            {"inputs": [1]},
            TWO,
            (
                "inputs is a plain value/list, but expecting an object as multiple input tensors "
                "required as per tensorinfo_map"
            ),
        ),
        ({"inputs": {"x": 1}}, TWO, "Missing named input: y in 'inputs' object."),
        (
            {"inputs": {"x": 1.0}},
            ONE,
            "JSON Value: 1.0 Type: Number is not of expected type: int32",
        ),
    ],
)
def test_a_request_without_its_parts_is_refused(
    document: dict[str, Any], signature_def: Any, message: str
) -> None:
    """The words are the original's."""
    with pytest.raises(ServingError) as caught:
        predict_input(document, signature_def)

    assert (caught.value.code, caught.value.message) == (Code.INVALID_ARGUMENT, message)


def test_columns_tell_what_is_not_implemented() -> None:
    """Unlike rows, which call it invalid."""
    with pytest.raises(ServingError) as caught:
        predict_input({"inputs": [1]}, signature(x=HALF))

    assert caught.value.code is Code.UNIMPLEMENTED


@pytest.mark.parametrize(("document", "name"), [({}, ""), ({"signature_name": "s\ud800"}, "s?")])
def test_the_signature_is_named_by_text(document: dict[str, Any], name: str) -> None:
    """Without a name the default one is meant."""
    assert signature_name_of(document) == name


def test_a_signature_name_must_be_a_string() -> None:
    """The words are the original's."""
    with pytest.raises(ServingError) as caught:
        signature_name_of({"signature_name": 5})

    assert caught.value.message == (
        'JSON Value: {\n    "signature_name": 5\n} not formatted correctly. '
        "'signature_name' key must be a string value."
    )


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", 'Serving signature name: "serving_default" not found in signature def'),
        ("x", 'Serving signature name: "x" not found in signature def'),
        ("init", "Failed to get input map for signature: init"),
    ],
)
def test_an_unknown_signature_is_the_clients_mistake(name: str, message: str) -> None:
    """Over REST it is an invalid argument, over gRPC a failed precondition, as in the original."""
    with pytest.raises(ServingError) as caught:
        signature_named({"s": ONE, "init": signature()}, name)

    assert (caught.value.code, caught.value.message) == (Code.INVALID_ARGUMENT, message)


def test_a_large_tensor_keeps_its_order() -> None:
    """Rows of objects are gathered input by input."""
    array = np.arange(300).reshape(30, 10)

    given = predict_input({"instances": [{"x": row} for row in array.tolist()]}, ONE)

    np.testing.assert_array_equal(given.tensors["x"], array)
