"""Several results side by side: who found what."""

from collections.abc import Sequence
from dataclasses import dataclass

from webapp.results import Result, Task


@dataclass(frozen=True, slots=True)
class Cell:
    """What one result says of one name.

    Attributes:
        count: How many of it are shown; 0 for none.
        best: The highest of their probabilities, 0..1.
    """

    count: int
    best: float


@dataclass(frozen=True, slots=True)
class ComparedLabel:
    """One name and what each result says of it, in the order of the results."""

    label: str
    class_id: int
    cells: tuple[Cell, ...]


def compared_labels(results: Sequence[Result]) -> tuple[ComparedLabel, ...]:
    """Return the names that any of the results shows, those that more of them agree on first.

    Args:
        results: Results that are done.

    Examples:
        >>> compared_labels([])
        ()
    """
    shown = [_shown(result) for result in results]
    class_ids = {label: class_id for rows in shown for label, class_id, _ in rows}
    compared = [
        ComparedLabel(label, class_ids[label], tuple(_cell(label, rows) for rows in shown))
        for label in class_ids
    ]
    return tuple(sorted(compared, key=_rank))


def _shown(result: Result) -> list[tuple[str, int, float]]:
    found = result.shown_classes if result.task is Task.CLASSIFICATION else result.shown
    return [(each.label, each.class_id, each.score) for each in found]


def _cell(label: str, rows: Sequence[tuple[str, int, float]]) -> Cell:
    scores = [score for each, _, score in rows if each == label]
    return Cell(len(scores), max(scores, default=0.0))


def _rank(compared: ComparedLabel) -> tuple[int, float, str]:
    agreeing = sum(cell.count > 0 for cell in compared.cells)
    return (-agreeing, -max(cell.best for cell in compared.cells), compared.label)
