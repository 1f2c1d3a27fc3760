"""The whole of an evaluation, with detectors that know the answers."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipeline.evaluate.counts import Counts
from pipeline.evaluate.data_identity import DataIdentity
from pipeline.evaluate.dataset import Dataset, TrueBox
from pipeline.evaluate.detector import FoundBox
from pipeline.evaluate.measure import Question, measure
from pipeline.exceptions import EvaluationError
from pipeline.progress import Report

PICTURES = {1: Path("a.jpg"), 2: Path("b.jpg"), 3: Path("c.jpg")}
QR = TrueBox(1, 1, (0.0, 0.0, 10.0, 10.0), 100.0, is_crowd=False)
BAR = TrueBox(2, 5, (0.0, 48.0, 100.0, 4.0), 400.0, is_crowd=False)
DATASET = Dataset(PICTURES, {1: "qr_code", 5: "linear_barcode", 9: "aztec"}, (QR, BAR))
AT_QR = (0.0, 0.0, 10.0, 10.0)
AT_BARS = (0.0, 20.0, 100.0, 80.0)
QUESTION = Question("codes", "direct", DataIdentity("made", "0" * 64), 0.5, ("linear_barcode",))


class Knowing:
    """Finds what it was told, by picture name."""

    version: int | None = 2
    decode_s: float | None = None

    def __init__(
        self, boxes: Mapping[str, list[FoundBox]], title: str = "", labels: tuple[str, ...] = ()
    ) -> None:
        self.title = title
        self.labels = frozenset(labels)
        self._boxes = boxes

    def detect(self, picture: Path) -> list[FoundBox]:
        return self._boxes.get(picture.name, [])

    def close(self) -> None:
        pass


@contextmanager
def _silent(_: str) -> Iterator[Report]:
    yield lambda *_: None


MODEL = Knowing(
    {
        "a.jpg": [FoundBox("qr_code", 0.9, AT_QR), FoundBox("unicorn", 0.9, AT_QR)],
        "b.jpg": [FoundBox("linear_barcode", 0.8, AT_BARS), FoundBox("unicorn", 0.1, AT_QR)],
        "c.jpg": [FoundBox("qr_code", 0.6, AT_QR), FoundBox("qr_code", 0.5, AT_BARS)],
    }
)


def test_a_model_is_measured_by_both_rules() -> None:
    """Printed bars around scan lines are a hit by the one, and not by the other."""
    report = measure(QUESTION, DATASET, MODEL, [], _silent)

    by_iou, by_lines = report.figures
    assert by_iou.overall == Counts(1, 3, 1)
    assert by_lines.overall == Counts(2, 2, 0)
    assert report.scores.map_50 == pytest.approx(by_iou.map_50)
    assert report.true_counts == {"qr_code": 1, "linear_barcode": 1}
    assert (report.empty.count, report.empty.with_detection) == (1, 1)
    assert report.labels_left_out == {"unicorn": 1}
    assert [picture.path.name for picture in report.worst] == ["c.jpg"]
    assert (report.version, report.images, report.contenders) == (2, 3, ())
    assert report.machine.cpus >= 1


def test_tools_are_held_to_the_same_rule() -> None:
    """A tool counts only where it looks, and a name of its own stands for any category."""
    reader = Knowing(
        {"b.jpg": [FoundBox("linear_barcode", 1.0, AT_BARS)]}, "reader 1", ("linear_barcode",)
    )
    finder = Knowing(
        {"a.jpg": [FoundBox("square", 1.0, AT_QR)], "c.jpg": [FoundBox("square", 1.0, AT_QR)]},
        "finder 2",
        ("square",),
    )

    report = measure(QUESTION, DATASET, MODEL, [reader, finder], _silent)

    rows = [
        (each.title, each.found, each.found_in_all, each.empty.with_detection)
        for each in report.contenders
    ]
    assert rows == [
        ("codes version 2", {"qr_code": 1, "linear_barcode": 1}, 2, 1),
        ("reader 1", {"qr_code": None, "linear_barcode": 1}, 1, 0),
        ("finder 2", {"qr_code": 1, "linear_barcode": 0}, 1, 1),
    ]


def test_a_model_that_finds_nothing_is_measured() -> None:
    """All is missed, and the precision is nobody's guess."""
    report = measure(QUESTION, DATASET, Knowing({}), [], _silent)

    assert report.main.overall == Counts(0, 0, 2)
    assert report.main.overall.precision is None
    assert report.scores.map == 0.0
    assert len(report.worst) == 2


def test_categories_that_the_model_does_not_know_are_told() -> None:
    """Only those that are in the pictures."""
    question = Question("codes", "direct", QUESTION.data, 0.5, labels=("qr_code", "person"))

    report = measure(question, DATASET, MODEL, [], _silent)

    assert report.categories_unknown == ("linear_barcode",)


def test_a_model_of_another_world_is_not_measured() -> None:
    """A score of 0 would hide the reason."""
    question = Question("coco", "direct", QUESTION.data, 0.5, labels=("person",))

    with pytest.raises(EvaluationError, match="knows no category of the data set"):
        measure(question, DATASET, MODEL, [], _silent)
