"""The history of a training, and its picture."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib import rc_context
from matplotlib.figure import Figure

_PARTS = {"classes": "scores", "boxes": "boxes"}


def append_history(path: Path, epoch: int, metrics: Mapping[str, float]) -> None:
    """Write a row for an epoch, the first of which is 0, below those that are there."""
    row = {"epoch": epoch, **metrics}
    is_new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, sorted(row))
        if is_new:
            table.writeheader()
        table.writerow(row)


def read_history(path: Path) -> list[dict[str, float]]:
    """Read the rows that `append_history` wrote, by epoch; none where there is no file yet.

    Where a training was interrupted after an epoch was written down and before its checkpoint
    was, the epoch is there twice; the later one counts. A row that was cut off is left out.
    """
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        texts = [row for row in csv.DictReader(file) if all(row.values())]
    rows = [{name: float(text) for name, text in row.items()} for row in texts]
    by_epoch = {row["epoch"]: row for row in rows}
    return [by_epoch[epoch] for epoch in sorted(by_epoch)]


def draw_learning_curve(history: Sequence[Mapping[str, float]], path: Path) -> None:
    """Draw the two parts of the loss over the epochs, in training and in validation, as SVG."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    epochs = [row["epoch"] + 1 for row in history]
    for axes, (part, title) in zip(figure.subplots(1, 2), _PARTS.items(), strict=True):
        axes.plot(epochs, [row[part] for row in history], label="training", color="#8a8f98")
        axes.plot(epochs, [row[f"val_{part}"] for row in history], label="validation")
        axes.set_title(f"Loss of the {title}")
        axes.set_xlabel("epoch")
        axes.set_ylim(bottom=0)
        axes.grid(alpha=0.25)
        axes.legend(frameon=False)
    # Without a date, and with the same ids every time, the same history gives the same bytes.
    with rc_context({"svg.hashsalt": "learning curve"}):
        figure.savefig(path, format="svg", metadata={"Date": None})
