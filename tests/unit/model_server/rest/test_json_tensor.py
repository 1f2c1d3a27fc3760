"""JSON values to tensors."""

import math
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from model_server.rest.json_tensor import decode_base64, to_tensor
from model_server.status import Code, ServingError

float32 = partial(np.array, dtype=np.float32)
float64 = partial(np.array, dtype=np.float64)
int64 = partial(np.array, dtype=np.int64)
uint32 = partial(np.array, dtype=np.uint32)
uint64 = partial(np.array, dtype=np.uint64)
uint8 = partial(np.array, dtype=np.uint8)

FLOAT, DOUBLE, INT32, UINT8, STRING, INT64, BOOL, BFLOAT16 = 1, 2, 3, 4, 7, 9, 10, 14
UINT16, HALF, UINT32, UINT64 = 17, 19, 22, 23


def expected_type(name: str, value: str, type_: str = "Number") -> str:
    return f"JSON Value: {value} Type: {type_} is not of expected type: {name}"


@pytest.mark.parametrize(
    ("value", "data_type", "expected"),
    [
        ([], FLOAT, np.empty(0, np.float32)),
        ([[], []], INT32, np.empty((2, 0), np.int32)),
        (1, FLOAT, np.array(1, np.float32)),
        ([1, 2.5, 1e39, -1e39, 1e-60], FLOAT, float32([1, 2.5, math.inf, -math.inf, 0])),
        ([10**400, -(10**400), 1], FLOAT, float32([math.inf, -math.inf, 1])),
        ([10**400, 2**64], DOUBLE, float64([math.inf, 2.0**64])),
        ([[math.nan, math.inf]], DOUBLE, float64([[math.nan, math.inf]])),
        ([300, -1], UINT8, uint8([44, 255])),
        ([-(2**63), 2**63 - 1], INT64, int64([-(2**63), 2**63 - 1])),
        ([2**64 - 1], UINT64, uint64([2**64 - 1])),
        ([2**32 - 1], UINT32, uint32([2**32 - 1])),
        ([True, False], BOOL, np.array([True, False])),
        (["a", {"b64": "/w=="}, "\udcff"], STRING, np.array([b"a", b"\xff", b"\xff"], object)),
        ([[["a"], ["b"]]], STRING, np.array([[[b"a"], [b"b"]]], object)),
    ],
)
def test_values_become_tensors(value: Any, data_type: int, expected: Any) -> None:
    """Lists give the shape, the model's type decides about the elements."""
    tensor = to_tensor(value, data_type)

    assert tensor.dtype == expected.dtype
    np.testing.assert_array_equal(tensor, expected)


@pytest.mark.parametrize(
    ("value", "data_type", "message"),
    [
        (None, FLOAT, expected_type("float", "null", "Null")),
        ("1", FLOAT, expected_type("float", '"1"', "String")),
        ([1, True], FLOAT, expected_type("float", "true", "True")),
        ({}, FLOAT, expected_type("float", "{}", "Object")),
        ([1.0], INT32, expected_type("int32", "1.0")),
        ([2**31], INT32, expected_type("int32", "2147483648")),
        ([0, 2**31], UINT8, expected_type("uint8", "2147483648")),
        ([2**63], INT64, expected_type("int64", "9223372036854775808")),
        ([-1], UINT64, expected_type("uint64", "-1")),
        ([1], BOOL, expected_type("bool", "1")),
        ([1], STRING, expected_type("string", "1")),
        (
            [{"b64": "aa", "x": 1}],
            STRING,
            (
                'JSON Value: {\n    "b64": "aa",\n    "x": 1\n} '
                "not formatted correctly for base64 data"
            ),
        ),
        ([{"b64": "a"}], STRING, "Unable to base64 decode"),
        ([{"b64": "ä"}], STRING, "Unable to base64 decode"),
        (
            [[1], 2],
            FLOAT,
            "JSON Value: 2 found at incorrect level: 2 in the JSON DOM. Expected at level: 2",
        ),
        ([1, [2]], FLOAT, "Encountered list at unexpected level: 1 expected < 1"),
        (
            [[1, 2], [3]],
            FLOAT,
            "Encountered list at unexpected size: 1 at level: 1 expected size: 2",
        ),
        ([[1], []], FLOAT, "Encountered list at unexpected size: 0 at level: 1 expected size: 1"),
        ([["x", 1], [3]], FLOAT, expected_type("float", '"x"', "String")),
        ("\ud800", STRING, "JSON Parse error: The surrogate pair in string is invalid."),
    ],
)
def test_the_first_mistake_is_named(value: Any, data_type: int, message: str) -> None:
    """The words are the original's."""
    with pytest.raises(ServingError) as caught:
        to_tensor(value, data_type)

    assert (caught.value.code, caught.value.message) == (Code.INVALID_ARGUMENT, message)


@pytest.mark.parametrize(
    ("data_type", "name"),
    [(HALF, "half"), (BFLOAT16, "bfloat16"), (UINT16, "uint16"), (8, "complex64"), (99, "invalid")],
)
def test_types_without_json_are_not_implemented(data_type: int, name: str) -> None:
    """The original has no JSON for them either."""
    with pytest.raises(ServingError) as caught:
        to_tensor([1], data_type)

    assert caught.value.code is Code.UNIMPLEMENTED
    assert caught.value.message == f"Conversion of JSON Value: 1 to type: {name}"


def test_more_dimensions_than_arrays_have_are_refused() -> None:
    """A limit of the array library is the client's mistake, not the server's."""
    value: Any = 1
    for _ in range(100):
        value = [value]

    with pytest.raises(ServingError, match="Unsupported number of dimensions: 100"):
        to_tensor(value, FLOAT)


@pytest.mark.parametrize(
    ("text", "content"),
    [("", b""), ("aGk=", b"hi"), ("aGk", b"hi"), ("a G\nk =", b"hi"), ("+/+/", b"\xfb\xff\xbf")],
)
def test_base64_may_lack_padding_and_contain_blanks(text: str, content: bytes) -> None:
    """As with the original's decoder."""
    assert decode_base64({"b64": text}) == content


@given(
    npst.arrays(
        npst.integer_dtypes(sizes=(32, 64)) | npst.floating_dtypes(sizes=(64,)) | st.just(np.bool_),
        npst.array_shapes(min_dims=0, max_dims=4, min_side=1, max_side=3),
    )
)
def test_lists_of_an_array_give_the_array(array: Any) -> None:
    """Nothing is lost on the way through lists."""
    types = {"<i4": INT32, "<i8": INT64, "<f8": DOUBLE, "|b1": BOOL}
    native = array.astype(array.dtype.newbyteorder("="))

    tensor = to_tensor(native.tolist(), types[native.dtype.str])

    np.testing.assert_array_equal(tensor, native)
