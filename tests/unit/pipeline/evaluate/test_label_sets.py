"""Whether labels go together."""

from pathlib import Path

import pytest

from pipeline.evaluate.dataset import Dataset
from pipeline.evaluate.label_sets import check_model_labels, check_scan_lines
from pipeline.exceptions import EvaluationError

DATASET = Dataset({7: Path("a.jpg")}, {1: "qr_code", 2: "aztec"}, ())


def test_one_common_label_is_enough() -> None:
    """A model may know less or more than a data set."""
    check_model_labels(DATASET, ["person", "aztec"])
    check_scan_lines(DATASET, ["aztec", "qr_code"])
    check_scan_lines(DATASET, [])


def test_a_model_of_another_world_is_told_with_both_sets() -> None:
    """The sentence shows which data set or model would suit, and stays short."""
    labels = [f"thing {number}" for number in range(80)]

    with pytest.raises(EvaluationError, match=r"'thing 0', .* and 72 more.*'qr_code', 'aztec'\."):
        check_model_labels(DATASET, labels)


def test_labels_of_which_there_are_none_are_told() -> None:
    """A model without labels knows nothing."""
    with pytest.raises(EvaluationError, match="its labels are none, the categories"):
        check_model_labels(DATASET, [])


def test_scan_lines_of_an_unknown_class_are_told_with_the_known_ones() -> None:
    """A slip of the finger is seen at once."""
    with pytest.raises(EvaluationError, match=r"'aztek' is no category.* 'qr_code', 'aztec'"):
        check_scan_lines(DATASET, ["aztec", "aztek"])
