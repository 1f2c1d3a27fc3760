"""Answers as JSON, laid out as the original's writer lays them out.

It writes lists on one line in the row form, and each element on a line of its own in the column
form; objects always take a line for each member.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from model_server.rest.errors import invalid
from model_server.rest.json_predict import Form
from model_server.rest.json_text import block_of, element_texts, lists_of, object_of, text_of
from model_server.runtimes import Tensor

_PREDICTIONS, _OUTPUTS, _RESULTS, _ERROR = "predictions", "outputs", "results", "error"
_BYTES_SUFFIX = "_bytes"  # an output with such an alias holds bytes, not text


def predict_answer(outputs: Mapping[str, Tensor], form: Form) -> str:
    """Write the outputs of a signature in the form of the request.

    Args:
        outputs: Tensors by alias. In the row form all must have the same first dimension.
        form: Rows or columns.

    Raises:
        ServingError: They cannot be written in the form, or at all.

    Example:
        >>> print(predict_answer({"y": np.float32([1, 2.5])}, Form.ROW))
        {
            "predictions": [1.0, 2.5
            ]
        }
    """
    if not outputs:
        raise invalid("Cannot convert empty tensor map to JSON")
    outputs = dict(sorted(outputs.items()))
    return _rows(outputs) if form is Form.ROW else _columns(outputs)


def classify_answer(result: Any) -> str:
    """Write a `ClassificationResult`: for each example a list of pairs of label and score.

    Raises:
        ServingError: It is empty.
    """
    if not result.classifications:
        raise invalid("Cannot convert empty ClassificationResults to JSON")
    return _document(_RESULTS, _unended([_pairs(each) for each in result.classifications]))


def _pairs(classifications: Any) -> str:
    scores = element_texts(np.array([each.score for each in classifications.classes], np.float32))
    labels = [text_of(each.label) for each in classifications.classes]
    pairs = [f"[{label}, {score}]" for label, score in zip(labels, scores, strict=True)]
    return f"[{', '.join(pairs)}]"


def regress_answer(result: Any) -> str:
    """Write a `RegressionResult`: a value for each example.

    Raises:
        ServingError: It is empty.
    """
    if not result.regressions:
        raise invalid("Cannot convert empty RegressionResults to JSON")
    values = element_texts(np.array([each.value for each in result.regressions], np.float32))
    return _document(_RESULTS, f"[{', '.join(values)}]")


def error_answer(message: str) -> str:
    """Write an error.

    Example:
        >>> print(error_answer("no"))
        {
            "error": "no"
        }
    """
    return _document(_ERROR, text_of(message.encode("utf-8", "replace").decode()))


def _document(key: str, value: str) -> str:
    return object_of([(key, value)], 0)


def _unended(rows: list[str]) -> str:
    """Write a list of rows; the original only breaks the line before its end."""
    return f"[{', '.join(rows)}\n    ]" if rows else "[]"


def _rows(outputs: Mapping[str, Tensor]) -> str:
    size = _batch_size(outputs)
    is_single = len(outputs) == 1
    depth = 2 if is_single else 3
    columns = {alias: _row_texts(alias, each, depth) for alias, each in outputs.items()}
    if is_single:
        return _document(_PREDICTIONS, _unended(columns.popitem()[1]))
    rows = [
        object_of(list(zip(columns, values, strict=True)), 2)
        for values in zip(*columns.values(), strict=True)
    ]
    return _document(_PREDICTIONS, block_of(rows, [size], 1))


def _batch_size(outputs: Mapping[str, Tensor]) -> int:
    sizes: list[int] = []
    for alias, tensor in outputs.items():
        if not tensor.ndim:
            raise invalid(f"Tensor name: {alias} has no shape information ")
        sizes.append(len(tensor))
        if sizes[-1] != sizes[0]:
            raise invalid(
                f"Tensor name: {alias} has inconsistent batch size: {sizes[-1]} "
                f"expecting: {sizes[0]}"
            )
    return sizes[0]


def _row_texts(alias: str, tensor: Tensor, depth: int) -> list[str]:
    """Write each row of a tensor on one line."""
    texts = _element_texts(alias, tensor, depth + tensor.ndim - 1)
    return lists_of(texts, tensor.shape[1:], len(tensor))


def _columns(outputs: Mapping[str, Tensor]) -> str:
    depth = 1 if len(outputs) == 1 else 2
    columns = [(alias, _column_text(alias, each, depth)) for alias, each in outputs.items()]
    return _document(_OUTPUTS, columns[0][1] if len(columns) == 1 else object_of(columns, 1))


def _column_text(alias: str, tensor: Tensor, depth: int) -> str:
    """Write a tensor, each element on a line of its own."""
    return block_of(_element_texts(alias, tensor, depth + tensor.ndim), tensor.shape, depth)


def _element_texts(alias: str, tensor: Tensor, depth: int) -> list[str]:
    return element_texts(tensor, as_base64=alias.endswith(_BYTES_SUFFIX), depth=depth)
