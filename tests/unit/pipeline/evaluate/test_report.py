"""What an evaluation leaves behind: JSON, a table, a page."""

import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from pipeline.evaluate.class_results import ClassResults
from pipeline.evaluate.comparison import Contender, EmptyPictures
from pipeline.evaluate.confusion import Confusion
from pipeline.evaluate.data_identity import DataIdentity
from pipeline.evaluate.machine import Machine
from pipeline.evaluate.page import render_page
from pipeline.evaluate.report import EvaluationReport
from pipeline.evaluate.rule_figures import RuleFigures
from pipeline.evaluate.score import Scores
from pipeline.evaluate.timing import Pace, Percentiles
from pipeline.evaluate.worst_pictures import ShownBox, WorstPicture

BOX = (0.0, 0.0, 1.0, 1.0)
PACE = Pace(Percentiles(0.5, 1.0), Percentiles(0.125, 0.25), Percentiles(0.375, 0.75))
FIGURES = RuleFigures(
    scan_lines=(),
    threshold=0.5,
    results={
        "cat": ClassResults(np.array([0.4]), np.array([False]), 1),
        "dog": ClassResults(np.array([0.9, 0.8]), np.array([True, False]), 2),
        "fox": ClassResults(np.array([0.7]), np.array([False]), 0),
        "owl": ClassResults(np.array([0.1]), np.array([False]), 0),
    },
    confusion=Confusion(("dog",), np.array([[1, 1], [1, 0]])),
)
REPORT = EvaluationReport(
    model="ssd",
    version=3,
    via="grpc",
    data=DataIdentity("pets", "0" * 64),
    images=4,
    threshold=0.5,
    scores=Scores(
        map=0.25,
        map_50=0.5,
        map_75=0.125,
        per_class={"cat": 0.0, "dog": 0.25},
        per_class_50={"cat": 0.0, "dog": 0.5},
    ),
    figures=(FIGURES,),
    true_counts={"cat": 1, "dog": 2},
    empty=EmptyPictures(2, 1),
    labels_left_out={"unicorn": 3},
    categories_unknown=("cat",),
    seconds=2.0,
    pace=PACE,
    machine=Machine(2, "x86_64", "Linux"),
    measured_at=datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC),
    contenders=(
        Contender("ssd version 3", {"cat": 0, "dog": 1}, EmptyPictures(2, 1), PACE),
        Contender(
            "eyes 1.0",
            {"cat": None, "dog": 2},
            EmptyPictures(2, 0),
            Pace(PACE.whole, None, None),
        ),
    ),
    worst=(WorstPicture(Path("x/a.jpg"), (ShownBox("cat", BOX, is_wrong=True),), ()),),
    notes=("Pets are nice.",),
)


def test_the_json_form_has_every_figure() -> None:
    """Scripts rely on these names."""
    overall = {"precision": 1 / 3, "recall": 1 / 3, "f1": 1 / 3, "tp": 1, "fp": 2, "fn": 2}
    seconds = {
        "whole": {"p50": 0.5, "p95": 1.0},
        "decode": {"p50": 0.125, "p95": 0.25},
        "predict": {"p50": 0.375, "p95": 0.75},
    }

    fields = json.loads(REPORT.to_json())

    assert fields.pop("figures") == [
        {
            "rule": "IoU of at least 0.5",
            "scan_lines": [],
            "map_50": pytest.approx(51 / 101 / 2),
            "overall": overall,
            "per_class": {
                "cat": {
                    "ap_50": 0.0, "precision": None, "recall": 0.0, "f1": 0.0,
                    "tp": 0, "fp": 0, "fn": 1,
                },
                "dog": {
                    "ap_50": pytest.approx(51 / 101), "precision": 0.5, "recall": 0.5, "f1": 0.5,
                    "tp": 1, "fp": 1, "fn": 1,
                },
                "fox": {
                    "ap_50": None, "precision": 0.0, "recall": None, "f1": 0.0,
                    "tp": 0, "fp": 1, "fn": 0,
                },
                "owl": {
                    "ap_50": None, "precision": None, "recall": None, "f1": None,
                    "tp": 0, "fp": 0, "fn": 0,
                },
            },
            "confusion": {"labels": ["dog", "background"], "counts": [[1, 1], [1, 0]]},
        }
    ]  # fmt: skip
    assert fields == {
        "form": "sightline-evaluation",
        "model": "ssd",
        "version": 3,
        "via": "grpc",
        "data": {"name": "pets", "sha256": "0" * 64},
        "images": 4,
        "threshold": 0.5,
        "map": 0.25,
        "map_50": 0.5,
        "map_75": 0.125,
        "per_class": {"cat": 0.0, "dog": 0.25},
        "per_class_50": {"cat": 0.0, "dog": 0.5},
        "true_counts": {"cat": 1, "dog": 2},
        "empty_pictures": {"count": 2, "with_detection": 1},
        "labels_left_out": {"unicorn": 3},
        "categories_unknown": ["cat"],
        "seconds": 2.0,
        "seconds_per_picture": 0.5,
        "pace": seconds,
        "machine": {"cpus": 2, "architecture": "x86_64", "system": "Linux"},
        "measured_at": "2030-01-02T03:04:05+00:00",
        "comparison": {
            "rule": "IoU of at least 0.5",
            "contenders": [
                {
                    "title": "ssd version 3",
                    "found": {"cat": 0, "dog": 1},
                    "found_in_all": 1,
                    "empty_pictures_with_detection": 1,
                    "seconds": seconds,
                },
                {
                    "title": "eyes 1.0",
                    "found": {"cat": None, "dog": 2},
                    "found_in_all": 2,
                    "empty_pictures_with_detection": 0,
                    "seconds": {"whole": seconds["whole"], "decode": None, "predict": None},
                },
            ],
        },
        "worst": [{"file": "a.jpg", "missed": 1, "false_alarms": 0, "badness": 1.0}],
        "notes": ["Pets are nice."],
    }


def test_without_tools_there_is_no_comparison() -> None:
    """A model is not compared with itself."""
    alone = replace(REPORT, contenders=())

    assert json.loads(alone.to_json())["comparison"] is None
    assert "Side by side" not in render_page(alone)


def test_the_table_lists_means_and_then_the_best_class_first() -> None:
    """What a person looks for stands on top; what is neither there nor found is left out."""
    file = io.StringIO()

    Console(file=file).print(REPORT.to_table())
    rows = [line.split() for line in file.getvalue().splitlines()[2:]]

    assert REPORT.headline() == "ssd version 3: 4 pictures via grpc, 500.0 ms each"
    assert REPORT.footnote() == (
        "1 of 2 pictures without objects have a detection; p50 375.0 ms, p95 750.0 ms a picture"
    )
    assert rows == [
        ["all", "0.250", "0.252", "0.333", "0.333", "0.333"],
        ["dog", "0.250", "0.505", "0.500", "0.500", "0.500"],
        ["cat", "0.000", "0.000", "\N{EN DASH}", "0.000", "0.000"],
        ["fox", "\N{EN DASH}", "\N{EN DASH}", "0.000", "\N{EN DASH}", "0.000"],
    ]


def test_the_page_shows_figures_conditions_and_notes() -> None:
    """Nothing of the report is only in the JSON."""
    page = render_page(REPORT)

    for text in (
        '<h1>ssd <span class="on">on</span> pets</h1>', "mAP@[.5:.95]", "33.3 %", "375.0",
        "Pets are nice.", "does not know cat", "unicorn (3)", "eyes 1.0", "2 CPUs", "0" * 64,
        "precision_recall.svg", "confusion.svg", "worst.jpg", "a.jpg", "2030-01-02 03:04",
    ):  # fmt: skip
        assert text in page, text


def test_the_page_explains_scan_lines_where_they_count() -> None:
    """Both figures are there, and the rule."""
    by_lines = RuleFigures(("cat",), 0.5, FIGURES.results, FIGURES.confusion)

    page = render_page(replace(REPORT, figures=(FIGURES, by_lines)))

    assert "By scan lines where marked, else by IoU" in page
    assert "All classes by IoU of at least 0.5" in page
    assert "For cat the true boxes span only decoded scan lines" in page
    assert "decoded scan lines" not in render_page(REPORT)


def test_markup_in_names_is_text() -> None:
    """Names come from files that somebody else wrote."""
    evil = "<script>alert(1)</script>"
    figures = RuleFigures((), 0.5, {evil: FIGURES.results["dog"]}, FIGURES.confusion)

    page = render_page(
        replace(
            REPORT,
            model=evil,
            data=DataIdentity(evil, "0" * 64),
            figures=(figures,),
            scores=replace(REPORT.scores, per_class={evil: 1.0}, per_class_50={evil: 1.0}),
            true_counts={evil: 2},
            labels_left_out={evil: 1},
            categories_unknown=(evil,),
            contenders=(Contender(evil, {evil: 1}, EmptyPictures(0, 0), PACE),),
            worst=(WorstPicture(Path(f"a{evil}.jpg"), (), ()),),
            notes=(evil,),
        )
    )

    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 10


def test_an_evaluation_without_much_to_tell_has_a_page() -> None:
    """No version, no empty picture, nothing wrong, no time of decoding, one processor."""
    page = render_page(
        replace(
            REPORT,
            version=None,
            empty=EmptyPictures(0, 0),
            worst=(),
            pace=Pace(PACE.whole, None, None),
            machine=Machine(1, "arm64", "Darwin"),
            contenders=(),
            notes=(),
        )
    )

    assert "every picture has an object" in page
    assert "There are none: nothing was missed" in page
    assert "decoding included" in page
    assert "1 CPU," in page
    assert "worst.jpg" not in page
