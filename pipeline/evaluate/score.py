"""COCO's box metrics."""

import contextlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from pipeline.evaluate.dataset import Dataset, TrueBox
from pipeline.evaluate.detector import FoundBox
from pipeline.exceptions import EvaluationError

_IOU_50, _IOU_75 = 0, 5  # places in pycocotools' IoU thresholds, 0.50 to 0.95 in steps of 0.05
_ALL_AREAS, _BEST_100 = 0, -1  # places in its ranges of object sizes and of detections a picture


@dataclass(frozen=True, slots=True)
class Scores:
    """Mean average precisions, 0..1, as https://cocodataset.org/#detection-eval defines them.

    Attributes:
        map: Over IoU thresholds from 0.50 to 0.95.
        map_50: At an IoU of 0.50.
        map_75: At an IoU of 0.75.
        per_class: Like `map`, for each category that has an object in the pictures, by name.
        per_class_50: Like `map_50`, for the same categories.
    """

    map: float
    map_50: float
    map_75: float
    per_class: Mapping[str, float]
    per_class_50: Mapping[str, float]


def score(dataset: Dataset, boxes: Mapping[int, Sequence[FoundBox]]) -> Scores:
    """Compare what a model sees with what is there.

    Args:
        dataset: What is there.
        boxes: What the model sees, by picture id. Labels that are no category of the data set are
            left out; so they neither help nor harm.

    Raises:
        EvaluationError: The data set has no boxes, or no label is a category of it.
    """
    if all(box.is_crowd for box in dataset.boxes):
        raise EvaluationError("These pictures have no box that a model could find.")
    ids = dataset.ids
    seen = [(image_id, box) for image_id, found in boxes.items() for box in found]
    known = [(image_id, box) for image_id, box in seen if box.label in ids]
    if seen and not known:
        raise EvaluationError(
            f"The model's labels, such as {seen[0][1].label!r}, are no categories of the data set."
        )
    truth = _coco(dataset, [_true_row(box) for box in dataset.boxes])
    guess = _coco(dataset, [_found_row(image_id, ids[box.label], box) for image_id, box in known])
    precision, category_ids = _precision(truth, guess)
    places = {
        dataset.categories[category_id]: place
        for place, category_id in enumerate(category_ids)
        if (precision[:, :, place] >= 0).any()
    }
    return Scores(
        map=_mean(precision),
        map_50=_mean(precision[_IOU_50]),
        map_75=_mean(precision[_IOU_75]),
        per_class={name: _mean(precision[..., place]) for name, place in places.items()},
        per_class_50={name: _mean(precision[_IOU_50, :, place]) for name, place in places.items()},
    )


def _precision(truth: COCO, guess: COCO) -> tuple[NDArray[np.float64], list[int]]:
    """Return precisions by [IoU threshold, recall, category], -1 where there is no object."""
    evaluation = COCOeval(truth, guess, "bbox")
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation.evaluate()
        evaluation.accumulate()
    precision = evaluation.eval["precision"][..., _ALL_AREAS, _BEST_100]
    return precision, evaluation.params.catIds


def _mean(precision: NDArray[np.float64]) -> float:
    return float(precision[precision >= 0].mean())


def _coco(dataset: Dataset, rows: list[dict[str, Any]]) -> COCO:
    """Return pycocotools' form of a data set; without `loadRes`, which fails where nothing is."""
    coco = COCO()
    fields: Any = {
        "images": [{"id": image_id} for image_id in dataset.pictures],
        "categories": [{"id": key, "name": name} for key, name in dataset.categories.items()],
        # Ids start at 1, because pycocotools takes a match with 0 for no match.
        "annotations": [{"id": number, **row} for number, row in enumerate(rows, start=1)],
    }
    coco.dataset = fields
    with contextlib.redirect_stdout(io.StringIO()):
        coco.createIndex()
    return coco


def _true_row(box: TrueBox) -> dict[str, Any]:
    return {
        "image_id": box.image_id,
        "category_id": box.category_id,
        "bbox": list(box.xywh),
        "area": box.area,
        "iscrowd": int(box.is_crowd),
    }


def _found_row(image_id: int, category_id: int, box: FoundBox) -> dict[str, Any]:
    x_min, y_min, x_max, y_max = box.xyxy
    width, height = x_max - x_min, y_max - y_min
    return {
        "image_id": image_id,
        "category_id": category_id,
        "bbox": [x_min, y_min, width, height],
        "area": width * height,
        "iscrowd": 0,
        "score": box.score,
    }
