"""Whether the labels of a model, of a command line and of a data set go together."""

from collections.abc import Collection, Sequence

from pipeline.evaluate.dataset import Dataset
from pipeline.exceptions import EvaluationError

_NAMED_MAX = 8  # in a message


def check_model_labels(dataset: Dataset, labels: Collection[str]) -> None:
    """Make sure that a model knows at least one category of a data set.

    Raises:
        EvaluationError: It knows none; the message has both sets.
    """
    categories = list(dataset.ids)
    if not set(categories) & set(labels):
        raise EvaluationError(
            "The model knows no category of the data set: its labels are "
            f"{_listed(list(labels))}, the categories {_listed(categories)}."
        )


def check_scan_lines(dataset: Dataset, scan_lines: Sequence[str]) -> None:
    """Make sure that the labels to compare by scan lines are categories.

    Raises:
        EvaluationError: One is not; the message has the categories.
    """
    for label in scan_lines:
        if label not in dataset.ids:
            raise EvaluationError(
                f"--scan-lines {label!r} is no category of the data set; it has "
                f"{_listed(list(dataset.ids))}."
            )


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(map(repr, names[:_NAMED_MAX]))
    rest = len(names) - _NAMED_MAX
    return f"{shown} and {rest} more" if rest > 0 else shown or "none"
