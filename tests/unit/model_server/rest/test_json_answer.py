"""Answers as JSON."""

import json
import math
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from tensorflow_serving.apis.classification_pb2 import ClassificationResult
from tensorflow_serving.apis.regression_pb2 import RegressionResult

from model_server.rest.json_answer import (
    classify_answer,
    error_answer,
    predict_answer,
    regress_answer,
)
from model_server.rest.json_predict import Form
from model_server.rest.json_text import element_texts
from model_server.status import Code, ServingError

complex64 = partial(np.array, dtype=np.complex64)
float16 = partial(np.array, dtype=np.float16)
float32 = partial(np.array, dtype=np.float32)
int32 = partial(np.array, dtype=np.int32)
int64 = partial(np.array, dtype=np.int64)
uint8 = partial(np.array, dtype=np.uint8)


def strings(*values: bytes) -> Any:
    return np.array(values, object)


@pytest.mark.parametrize(
    ("outputs", "form", "text"),
    [
        ({"y": np.empty((0, 2), np.int32)}, Form.ROW, '{\n    "predictions": []\n}'),
        (
            {"x": np.empty((0, 2), np.int32), "y": np.empty(0, np.int32)},
            Form.ROW,
            '{\n    "predictions": []\n}',
        ),
        ({"y": np.empty(0, np.int32)}, Form.COLUMN, '{\n    "outputs": []\n}'),
        ({"y": np.array(1, np.float32)}, Form.COLUMN, '{\n    "outputs": 1.0\n}'),
        ({"y": float32([1, 2.5])}, Form.ROW, '{\n    "predictions": [1.0, 2.5\n    ]\n}'),
        (
            {"y": int64([[1, 2], [3, 4]])},
            Form.ROW,
            '{\n    "predictions": [[1, 2], [3, 4]\n    ]\n}',
        ),
        (
            {"y": np.empty((2, 0), np.int32)},
            Form.ROW,
            '{\n    "predictions": [[], []\n    ]\n}',
        ),
        (
            {"b": np.array([[True], [False]]), "a": uint8([1, 2])},
            Form.ROW,
            """{
    "predictions": [
        {
            "a": 1,
            "b": [true]
        },
        {
            "a": 2,
            "b": [false]
        }
    ]
}""",
        ),
        (
            {"y": int64([[1, 2], [3, 4]])},
            Form.COLUMN,
            """{
    "outputs": [
        [
            1,
            2
        ],
        [
            3,
            4
        ]
    ]
}""",
        ),
        (
            {"b": int32([1]), "a": strings(b"x")},
            Form.COLUMN,
            """{
    "outputs": {
        "a": [
            "x"
        ],
        "b": [
            1
        ]
    }
}""",
        ),
        (
            {"y_bytes": strings(b"hi")},
            Form.ROW,
            '{\n    "predictions": [{\n            "b64": "aGk="\n        }\n    ]\n}',
        ),
        (
            {"y_bytes": strings(b"hi")},
            Form.COLUMN,
            """{
    "outputs": [
        {
            "b64": "aGk="
        }
    ]
}""",
        ),
    ],
)
def test_outputs_are_laid_out_as_the_original_lays_them_out(
    outputs: dict[str, Any], form: Form, text: str
) -> None:
    """To the last blank."""
    assert predict_answer(outputs, form) == text


@pytest.mark.parametrize(
    ("outputs", "form", "message"),
    [
        ({}, Form.ROW, "Cannot convert empty tensor map to JSON"),
        ({"y": np.array(1, np.float32)}, Form.ROW, "Tensor name: y has no shape information "),
        (
            {"a": float32([1, 2]), "b": float32([1])},
            Form.ROW,
            "Tensor name: b has inconsistent batch size: 1 expecting: 2",
        ),
        (
            {"y": complex64([1])},
            Form.COLUMN,
            "Failed to write JSON value for tensor type: complex64",
        ),
        ({"y": float16([1])}, Form.ROW, "Failed to write JSON value for tensor type: half"),
    ],
)
def test_outputs_without_json_are_refused(
    outputs: dict[str, Any], form: Form, message: str
) -> None:
    """The words are the original's."""
    with pytest.raises(ServingError) as caught:
        predict_answer(outputs, form)

    assert (caught.value.code, caught.value.message) == (Code.INVALID_ARGUMENT, message)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (math.nan, "NaN"),
        (math.inf, "Infinity"),
        (-math.inf, "-Infinity"),
        (0, "0.0"),
        (-0.0, "-0.0"),
        (0.1, "0.1"),
        (1 / 3, "0.33333334"),
        (16777216, "16777216.0"),
        (1e-45, "1e-45"),
        (3.4028235e38, "3.4028235e+38"),
        (0.00003, "3e-05"),
    ],
)
def test_a_float32_is_as_short_as_it_can_be(number: float, text: str) -> None:
    """It has no digits of a double, and whole numbers look like floats."""
    assert element_texts(np.array([number], np.float32)) == [text]


@given(npst.arrays(np.float32, st.integers(1, 50)))
def test_every_float32_survives_its_text(values: Any) -> None:
    """No text is longer than numpy's own shortest one, and each gives the number back."""
    texts = element_texts(values)

    back = np.array([float(text) for text in texts], np.float32)
    np.testing.assert_array_equal(back, values)
    assert [float(text) for text in texts if text[-1].isdigit()] == [
        float(str(value)) for value in values if np.isfinite(value)
    ]


@given(npst.arrays(np.float64, st.integers(1, 50)))
def test_every_double_survives_its_text(values: Any) -> None:
    """Doubles are exact too."""
    texts = element_texts(values)

    np.testing.assert_array_equal([float(text) for text in texts], values)


@given(
    npst.arrays(np.int32, npst.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=3)),
    st.sampled_from(Form),
)
def test_what_is_written_can_be_read(array: Any, form: Form) -> None:
    """Of every shape, in both forms."""
    (value,) = json.loads(predict_answer({"y": array}, form)).values()

    assert value == array.tolist()


def test_strings_go_out_byte_for_byte() -> None:
    """Even if they are no UTF-8, as in the original."""
    (text,) = element_texts(strings(b'\xff"\n'))

    assert text.encode("utf-8", "surrogateescape") == b'"\xff\\"\\n"'


def test_classes_are_pairs() -> None:
    """Label and score of each class, for each example."""
    result = ClassificationResult()
    result.classifications.add().classes.add(label="car", score=0.2)
    result.classifications[0].classes.add(label="bike", score=1)
    result.classifications.add()

    text = classify_answer(result)

    assert text == '{\n    "results": [[["car", 0.2], ["bike", 1.0]], []\n    ]\n}'


def test_regressions_are_values() -> None:
    """One for each example, on one line."""
    result = RegressionResult()
    for value in (0.2, math.inf, 1):
        result.regressions.add(value=value)

    assert regress_answer(result) == '{\n    "results": [0.2, Infinity, 1.0]\n}'


def test_results_of_nothing_are_refused() -> None:
    """The original has no JSON for them."""
    with pytest.raises(ServingError, match="Cannot convert empty ClassificationResults to JSON"):
        classify_answer(ClassificationResult())
    with pytest.raises(ServingError, match="Cannot convert empty RegressionResults to JSON"):
        regress_answer(RegressionResult())


def test_errors_are_text_whatever_is_in_them() -> None:
    """Half a surrogate pair that came in does not go out."""
    assert json.loads(error_answer('say "ä\ud800"').encode()) == {"error": 'say "ä?"'}
