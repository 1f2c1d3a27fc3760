"""The whole of an evaluation: from a data set and detectors to a report."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from pipeline.evaluate.alternatives import Alternative
from pipeline.evaluate.collect import collect
from pipeline.evaluate.comparison import Contender, EmptyPictures, found_counts, true_counts
from pipeline.evaluate.data_identity import DataIdentity
from pipeline.evaluate.dataset import Dataset
from pipeline.evaluate.detector import Detector, FoundBox
from pipeline.evaluate.hit_rule import HitRule
from pipeline.evaluate.label_sets import check_model_labels, check_scan_lines
from pipeline.evaluate.machine import Machine
from pipeline.evaluate.picture_boxes import PictureBoxes, is_above, picture_boxes
from pipeline.evaluate.report import EvaluationReport
from pipeline.evaluate.rule_figures import RuleFigures, rule_of
from pipeline.evaluate.score import score
from pipeline.evaluate.timing import Pace, TimedDetector
from pipeline.evaluate.worst_pictures import worst_pictures
from pipeline.progress import Report

ShowProgress = Callable[[str], AbstractContextManager[Report]]
"""Takes the name of what looks at pictures and lends a function that shows how far it is."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be measured.

    Attributes:
        model: Name of the model.
        via: How it is reached.
        data: Which data set it is shown.
        threshold: The score (0..1) from which a found box counts.
        scan_lines: Names of the categories to compare by scan lines.
        labels: The names of the model's classes; None where nobody knows them.
        notes: What the reader of the report should know.
    """

    model: str
    via: str
    data: DataIdentity
    threshold: float
    scan_lines: tuple[str, ...] = ()
    labels: Collection[str] | None = None
    notes: tuple[str, ...] = ()

    def check(self, dataset: Dataset) -> None:
        """Make sure that it can be asked about a data set.

        Raises:
            EvaluationError: It cannot.
        """
        check_scan_lines(dataset, self.scan_lines)
        if self.labels is not None:
            check_model_labels(dataset, self.labels)


def measure(
    question: Question,
    dataset: Dataset,
    detector: Detector,
    alternatives: Sequence[Alternative],
    show: ShowProgress,
) -> EvaluationReport:
    """Show all pictures to a model, and to the tools to compare it with, and score them.

    Args:
        question: What is to be measured.
        dataset: The pictures and what is in them.
        detector: The model.
        alternatives: The tools.
        show: Shows the progress of each.

    Raises:
        EvaluationError: A picture cannot be read, the model does not answer, or it cannot be
            measured on these pictures.
    """
    question.check(dataset)
    sight = _look(detector, question.model, dataset, show)
    scores = score(dataset, sight.boxes)
    pictures = picture_boxes(dataset, sight.boxes)
    kept = [picture.above(question.threshold) for picture in pictures]
    true = true_counts(pictures, dataset.categories)
    rule = rule_of(dataset.categories, question.scan_lines)
    counts = found_counts(kept, dataset.categories, rule)
    model = Contender(
        title=_title(question.model, sight.version),
        found={name: counts[name] for name in true},
        empty=EmptyPictures.of(kept),
        pace=sight.pace,
    )
    others = [_contender(tool, dataset, rule, true, show) for tool in alternatives]
    return EvaluationReport(
        model=question.model,
        version=sight.version,
        via=question.via,
        data=question.data,
        images=len(dataset.pictures),
        threshold=question.threshold,
        scores=scores,
        figures=_figures(pictures, dataset.categories, question),
        true_counts=true,
        empty=model.empty,
        labels_left_out=_left_out(sight.boxes, dataset.ids, question.threshold),
        categories_unknown=_unknown(true, question.labels),
        seconds=sight.seconds,
        pace=sight.pace,
        machine=Machine.this(),
        measured_at=datetime.now(UTC),
        contenders=(model, *others) if others else (),
        worst=worst_pictures(dataset, pictures, rule, question.threshold),
        notes=question.notes,
    )


@dataclass(frozen=True, slots=True)
class _Sight:
    """What a detector saw, and how long that took."""

    boxes: Mapping[int, Sequence[FoundBox]]
    seconds: float
    pace: Pace
    version: int | None


def _look(detector: Detector, label: str, dataset: Dataset, show: ShowProgress) -> _Sight:
    timed = TimedDetector(detector)
    with show(label) as shown:
        collection = collect(timed, dataset, shown)
    return _Sight(collection.boxes, collection.seconds, timed.pace(), timed.version)


def _title(model: str, version: int | None) -> str:
    return model if version is None else f"{model} version {version}"


def _figures(
    pictures: Sequence[PictureBoxes], categories: Mapping[int, str], question: Question
) -> tuple[RuleFigures, ...]:
    rules = ((), question.scan_lines) if question.scan_lines else ((),)
    return tuple(
        RuleFigures.of(pictures, categories, scan_lines, question.threshold) for scan_lines in rules
    )


def _contender(
    tool: Alternative,
    dataset: Dataset,
    rule: HitRule,
    true: Collection[str],
    show: ShowProgress,
) -> Contender:
    sight = _look(tool, tool.title, dataset, show)
    pictures = picture_boxes(dataset, sight.boxes, keep_unknown=True)
    counts = found_counts(pictures, dataset.categories, rule)
    # What it calls by a name of its own may be of any category.
    finds_any = not tool.labels <= set(dataset.ids)
    return Contender(
        title=tool.title,
        found={name: counts[name] if finds_any or name in tool.labels else None for name in true},
        empty=EmptyPictures.of(pictures),
        pace=sight.pace,
    )


def _left_out(
    boxes: Mapping[int, Sequence[FoundBox]], categories: Collection[str], threshold: float
) -> dict[str, int]:
    found = [box for each in boxes.values() for box in each if box.label not in categories]
    kept = is_above(np.array([box.score for box in found], dtype=np.float64), threshold)
    counts = Counter(box.label for box, is_kept in zip(found, kept, strict=True) if is_kept)
    return dict(counts.most_common())


def _unknown(true: Collection[str], labels: Collection[str] | None) -> tuple[str, ...]:
    return () if labels is None else tuple(name for name in true if name not in labels)
