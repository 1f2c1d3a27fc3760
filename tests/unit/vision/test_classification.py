"""What a classifier says, from its outputs to a checked value."""

import numpy as np
import pytest
from numpy.typing import NDArray

from vision import (
    Classification,
    ClassificationOutputs,
    ClassScore,
    Labels,
    OutputsError,
    classification_from_outputs,
)

NAMES = ClassificationOutputs("ids", "scores", class_names="names")
LABELS = Labels({0: "tabby", 1: "hotdog", 3: "macaw"})


def outputs(**changes: NDArray[np.generic]) -> dict[str, NDArray[np.generic]]:
    return {
        "ids": np.array([[3, 0, 2]]),
        "scores": np.array([[0.7, 0.2, 0.1]], np.float32),
        "names": np.array([[b"Ara  ararauna", b"cat", b"a\nthird"]], object),
        "probabilities": np.array([[np.nan]]),
        **changes,
    }


def read(**changes: NDArray[np.generic]) -> Classification:
    return classification_from_outputs(outputs(**changes), names=NAMES, labels=LABELS)


def test_outputs_become_named_classes() -> None:
    """Names come from the labels, and from the model where these have none."""
    assert list(read()) == [
        ClassScore("macaw", np.float32(0.7).item(), 3),
        ClassScore("tabby", np.float32(0.2).item(), 0),
        ClassScore("a third", np.float32(0.1).item(), 2),
    ]


def test_batch_dimension_may_be_missing_and_numbers_be_floats() -> None:
    """A server that answers rows without their batch, or ids as floats, is understood."""
    plain = read(ids=np.array([3.0, 0.0, 2.0]), scores=np.array([0.7, 0.2, 0.1], np.float16))

    assert plain.labels == read().labels


def test_classes_are_sorted_by_score_and_equal_ones_stay_in_order() -> None:
    """Whatever order a model answers in, the best comes first."""
    mixed = read(scores=np.array([[0.1, 0.45, 0.45]], np.float32))

    assert mixed.class_ids.tolist() == [0, 2, 3]
    assert not mixed.scores.flags.writeable


@pytest.mark.parametrize(("threshold", "kept"), [(0.0, 3), (0.2, 2), (0.7, 1), (0.9, 1), (1.0, 1)])
def test_best_class_is_above_any_threshold(threshold: float, kept: int) -> None:
    """A threshold leaves out what is below it, but never everything."""
    assert len(read().above(threshold)) == kept


def test_nothing_above_nothing() -> None:
    """Of no classes none is shown."""
    empty = Classification(np.empty(0, np.int64), np.empty(0, np.float32), ())

    assert list(empty.above(0.0)) == []


BAD = [
    pytest.param({"ids": np.array([[3, 0]])}, "as many class ids as scores", id="lengths"),
    pytest.param({"ids": np.array([[3, 0, -2]])}, "expected class ids", id="negative id"),
    pytest.param({"ids": np.array([["a", "b", "c"]])}, "expected numbers", id="text"),
    pytest.param({"scores": np.array([[0.7, np.nan, 0.1]])}, "finite numbers", id="NaN"),
    pytest.param({"scores": np.array([[7.0, 0.2, 0.1]])}, "probabilities from 0 to 1", id="logits"),
    pytest.param({"scores": np.zeros((2, 3))}, "a batch of one picture", id="two pictures"),
    pytest.param(
        {"ids": np.empty((1, 0)), "scores": np.empty((1, 0))}, "at least one class", id="none"
    ),
    pytest.param({"names": np.array([[b"one"]], object)}, "expected 3 names", id="names"),
]


@pytest.mark.parametrize(("changes", "sentence"), BAD)
def test_outputs_that_are_none_are_refused(
    changes: dict[str, NDArray[np.generic]], sentence: str
) -> None:
    """What a classifier cannot mean is an error that says what was expected."""
    with pytest.raises(OutputsError, match=sentence):
        read(**changes)


def test_missing_output_is_named() -> None:
    """An output that the card names and the model does not give is an error with its name."""
    given = outputs()
    del given["ids"]

    with pytest.raises(OutputsError, match="expected an output named ids, got names, prob"):
        classification_from_outputs(given, names=NAMES, labels=LABELS)


@pytest.mark.parametrize(
    ("class_ids", "scores", "labels"),
    [([1], [0.5], ()), ([1], [1.5], ("a",)), ([-1], [0.5], ("a",)), ([1], [np.nan], ("a",))],
)
def test_classification_is_checked(
    class_ids: list[int], scores: list[float], labels: tuple[str, ...]
) -> None:
    """A value that makes no sense cannot be made."""
    with pytest.raises(ValueError, match="expected"):
        Classification(np.array(class_ids), np.array(scores, np.float32), labels)
