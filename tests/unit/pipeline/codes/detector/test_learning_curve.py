"""The history of a training and its picture."""

from pathlib import Path
from xml.etree import ElementTree as ET

from pipeline.codes.detector.learning_curve import (
    append_history,
    draw_learning_curve,
    read_history,
)


def test_an_epoch_done_twice_counts_once(tmp_path: Path) -> None:
    """After an interruption the later row is the one that went on."""
    path = tmp_path / "history.csv"
    for epoch, loss in [(0, 3.0), (1, 9.0), (1, 1.5)]:
        append_history(path, epoch, {"loss": loss, "val_loss": loss})

    history = read_history(path)

    assert [row["epoch"] for row in history] == [0, 1]
    assert history[-1]["loss"] == 1.5


def test_the_picture_is_the_same_for_the_same_history(tmp_path: Path) -> None:
    """It is an SVG without a date in it."""
    names = ("epoch", "boxes", "classes", "val_boxes", "val_classes")
    rows = [dict.fromkeys(names, value) for value in (0.0, 1.0)]

    draw_learning_curve(rows, tmp_path / "first.svg")
    draw_learning_curve(rows, tmp_path / "second.svg")

    first = (tmp_path / "first.svg").read_bytes()
    assert ET.fromstring(first).tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314
    assert first == (tmp_path / "second.svg").read_bytes()
