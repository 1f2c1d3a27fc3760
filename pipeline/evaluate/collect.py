"""Asking a model about every picture of a data set."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.evaluate.dataset import Dataset
from pipeline.evaluate.detector import Detector, FoundBox
from pipeline.progress import Report


@dataclass(frozen=True, slots=True)
class Collection:
    """What a model sees in a data set.

    Attributes:
        boxes: By picture id.
        seconds: From the first picture to the last, decoding included.
    """

    boxes: Mapping[int, Sequence[FoundBox]]
    seconds: float


def collect(
    detector: Detector,
    dataset: Dataset,
    report: Report,
    clock: Callable[[], float] = time.perf_counter,
) -> Collection:
    """Show every picture to a model.

    Args:
        detector: The model.
        dataset: The pictures.
        report: Called with the pictures done and the pictures there are.
        clock: Seconds since some moment.

    Raises:
        EvaluationError: A picture cannot be read, or the model does not answer.
    """
    boxes: dict[int, Sequence[FoundBox]] = {}
    started = clock()
    for image_id, picture in dataset.pictures.items():
        boxes[image_id] = detector.detect(picture)
        report(len(boxes), len(dataset.pictures))
    return Collection(boxes, clock() - started)
