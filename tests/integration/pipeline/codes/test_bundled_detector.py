"""The bundled detector on a few made pictures, which no training has seen."""

import re
from contextlib import closing
from pathlib import Path

import pytest

from pipeline.codes.card import labels
from pipeline.codes.kinds import CodeKind
from pipeline.evaluate.collect import collect
from pipeline.evaluate.counts import Counts
from pipeline.evaluate.dataset import Dataset
from pipeline.evaluate.direct import DirectDetector
from pipeline.evaluate.picture_boxes import picture_boxes
from pipeline.evaluate.rule_figures import RuleFigures
from pipeline.repository import Repository

ROOT = Path(__file__).resolve().parents[4]
PICTURES = ROOT / "tests" / "data" / "codes"
# Processors round differently; a score just below the threshold on one is above it on another.
ROUNDING = 1


@pytest.fixture(scope="module")
def counts() -> Counts:
    """Show the pictures to the committed model, and count at its own threshold."""
    model = Repository(ROOT / "model_repository").find("codes")
    assert model is not None
    dataset = Dataset.load(PICTURES)
    with closing(DirectDetector(model, labels())) as detector:
        collection = collect(detector, dataset, lambda _done, _total: None)
    pictures = picture_boxes(dataset, collection.boxes)
    return RuleFigures.of(pictures, dataset.categories, (), model.card.threshold).overall


def test_the_pictures_show_every_kind_of_code() -> None:
    """Nothing is left out of the measurement."""
    dataset = Dataset.load(PICTURES)

    assert {box.category_id for box in dataset.boxes} == {kind.class_id for kind in CodeKind}


def test_recall_is_what_the_card_says(counts: Counts) -> None:
    """docs/models.md names how many codes it finds in them, and with how many false alarms."""
    text = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
    sentence = re.search(r"finds (\d+) of (\d+) codes, with (\d+) false alarms?", text)

    assert sentence is not None
    found, there, false_alarms = map(int, sentence.groups())
    assert counts.hits + counts.missed == there
    assert abs(counts.hits - found) <= ROUNDING
    assert abs(counts.false_alarms - false_alarms) <= ROUNDING
