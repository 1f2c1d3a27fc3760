"""The history of a training and its picture."""

from pathlib import Path
from xml.etree import ElementTree as ET

from pipeline.codes.detector.learning_curve import draw_learning_curve, read_history

HEADER = "epoch,boxes,classes,loss,val_boxes,val_classes,val_loss\n"


def test_an_epoch_done_twice_counts_once(tmp_path: Path) -> None:
    """After an interruption the later row is the one that went on."""
    path = tmp_path / "history.csv"
    path.write_text(f"{HEADER}0,1,1,3,1,1,3\n1,9,9,9,9,9,9\n1,0.5,0.5,1.5,0.5,0.5,1.5\n")

    history = read_history(path)

    assert [row["epoch"] for row in history] == [0, 1]
    assert history[-1]["loss"] == 1.5


def test_the_picture_is_the_same_for_the_same_history(tmp_path: Path) -> None:
    """It is an SVG without a date in it."""
    rows = [dict.fromkeys(HEADER.strip().split(","), value) for value in (0.0, 1.0)]

    draw_learning_curve(rows, tmp_path / "first.svg")
    draw_learning_curve(rows, tmp_path / "second.svg")

    first = (tmp_path / "first.svg").read_bytes()
    assert ET.fromstring(first).tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314
    assert first == (tmp_path / "second.svg").read_bytes()
