"""What an evaluation leaves behind."""

import io
import json

from rich.console import Console

from pipeline.evaluate.report import EvaluationReport
from pipeline.evaluate.score import Scores

REPORT = EvaluationReport(
    model="ssd",
    version=3,
    via="grpc",
    images=4,
    scores=Scores(map=0.25, map_50=0.5, map_75=0.125, per_class={"cat": 0.0, "dog": 0.5}),
    seconds=2.0,
)


def test_the_json_form_has_every_figure() -> None:
    """Scripts rely on these names."""
    assert json.loads(REPORT.to_json()) == {
        "model": "ssd",
        "version": 3,
        "via": "grpc",
        "images": 4,
        "map": 0.25,
        "map_50": 0.5,
        "map_75": 0.125,
        "per_class": {"cat": 0.0, "dog": 0.5},
        "seconds": 2.0,
        "seconds_per_picture": 0.5,
    }


def test_the_table_lists_means_and_then_the_best_class_first() -> None:
    """What a person looks for stands on top."""
    file = io.StringIO()

    Console(file=file).print(REPORT.to_table())
    rows = [line.split() for line in file.getvalue().splitlines()[1:]]

    assert REPORT.headline() == "ssd version 3: 4 pictures via grpc, 500.0 ms each"
    assert [row[-1] for row in rows] == ["0.250", "0.500", "0.125", "0.500", "0.000"]
    assert [row[0] for row in rows[3:]] == ["dog", "cat"]
