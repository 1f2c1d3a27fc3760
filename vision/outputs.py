"""From the outputs of a detection model to :class:`~vision.detections.Detections`.

Both forms of the TensorFlow detection zoo are read: TF1's (class ids and the count as floats)
and TF2's, with or without the batch dimension.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vision.boxes import area_xyxy, clip_xyxy, yxyx_normalised_to_xyxy
from vision.detections import Detections
from vision.exceptions import OutputsError
from vision.labels import Labels

# Half precision rounds a probability by up to 0.0005; what lies further outside 0..1 is a logit.
_ROUNDING = 1e-3
_CLASS_ID_MAX = np.iinfo(np.int32).max


@dataclass(frozen=True, slots=True)
class OutputNames:
    """The names that a detection model gives its outputs.

    Attributes:
        boxes: Output of shape [1, N, 4], (y_min, x_min, y_max, x_max) in fractions of the picture.
        scores: Output of shape [1, N], probabilities.
        classes: Output of shape [1, N], class ids.
        count: Output of shape [1], how many of the N rows are meant; None where all are.

    Raises:
        ValueError: A name is empty.
    """

    boxes: str
    scores: str
    classes: str
    count: str | None = None

    def __post_init__(self) -> None:
        for key in ("boxes", "scores", "classes", "count"):
            if getattr(self, key) == "":
                raise ValueError(f"{key}: expected the name of an output, got ''")


def detections_from_outputs(
    outputs: Mapping[str, NDArray[Any]],
    *,
    names: OutputNames,
    labels: Labels,
    size_wh: tuple[int, int],
) -> Detections:
    """Read a detection model's outputs for one picture.

    Boxes are cut off at the borders of the picture. Rows with a box or score that is not finite,
    and boxes without area, are dropped.

    Args:
        outputs: Arrays by output name, for a batch of one picture; outputs not named are ignored.
        names: Which output is which.
        labels: Names of the classes.
        size_wh: Width and height in pixels of the upright original, whose pixels the boxes of the
            result are in.

    Raises:
        OutputsError: A named output is missing, has another shape, holds something else than
            numbers or more than one picture, or scores that are no probabilities.

    Examples:
        >>> outputs = {
        ...     "detection_boxes": np.array([[[0.0, 0.25, 0.5, 1.0], [0.0, 0.0, 0.0, 0.0]]]),
        ...     "detection_scores": np.array([[0.75, 0.0]]),
        ...     "detection_classes": np.array([[18.0, 1.0]]),
        ...     "num_detections": np.array([1.0]),
        ... }
        >>> names = OutputNames(
        ...     "detection_boxes", "detection_scores", "detection_classes", "num_detections"
        ... )
        >>> found = detections_from_outputs(
        ...     outputs, names=names, labels=Labels({18: "dog"}), size_wh=(200, 100)
        ... )
        >>> list(found)
        [Detection(label='dog', score=0.75, class_id=18, xyxy=(50.0, 0.0, 200.0, 50.0))]
    """
    boxes = _rows(outputs, names.boxes, row_shape=(4,))
    scores = _rows(outputs, names.scores)
    classes = _rows(outputs, names.classes)
    if not len(boxes) == len(scores) == len(classes):
        raise OutputsError(
            f"expected as many boxes as scores and classes, got {len(boxes)} of {names.boxes}, "
            f"{len(scores)} of {names.scores} and {len(classes)} of {names.classes}"
        )
    count = len(boxes) if names.count is None else _count(outputs, names.count)
    boxes, scores, classes = boxes[:count], scores[:count], classes[:count]
    finite = np.isfinite(boxes).all(axis=1) & np.isfinite(scores) & np.isfinite(classes)
    boxes, scores, classes = boxes[finite], scores[finite], classes[finite]
    # Clipping first keeps an absurd box from overflowing when it is scaled.
    clipped = clip_xyxy(boxes, size_wh=(1, 1))
    xyxy = yxyx_normalised_to_xyxy(clipped, size_wh=size_wh)
    kept = area_xyxy(xyxy) > 0
    class_ids = _class_ids(classes[kept], names.classes)
    return Detections(
        xyxy=xyxy[kept].astype(np.float32),
        class_ids=class_ids,
        scores=_probabilities(scores[kept], names.scores),
        labels=tuple(labels[class_id] for class_id in class_ids.tolist()),
    )


def _numbers(outputs: Mapping[str, NDArray[Any]], name: str) -> NDArray[np.float64]:
    if name not in outputs:
        given = ", ".join(sorted(outputs)) or "none"
        raise OutputsError(f"expected an output named {name}, got {given}")
    try:
        return np.asarray(outputs[name]).astype(np.float64)
    except (TypeError, ValueError) as error:
        kind = np.asarray(outputs[name]).dtype
        raise OutputsError(f"expected numbers in output {name}, got {kind}") from error


def _rows(
    outputs: Mapping[str, NDArray[Any]], name: str, row_shape: tuple[int, ...] = ()
) -> NDArray[np.float64]:
    """Return a named output as [N, *row_shape], its batch dimension of one taken off."""
    array = _numbers(outputs, name)
    batched_rank = 2 + len(row_shape)
    if array.ndim == batched_rank:
        if len(array) != 1:
            raise OutputsError(f"expected a batch of one picture in {name}, got {len(array)}")
        array = array[0]
    if array.ndim != batched_rank - 1 or array.shape[1:] != row_shape:
        expected = ", ".join(["1", "N", *map(str, row_shape)])
        given = list(outputs[name].shape)
        raise OutputsError(f"expected shape [{expected}] of output {name}, got {given}")
    return array


def _count(outputs: Mapping[str, NDArray[Any]], name: str) -> int:
    array = _numbers(outputs, name)
    if array.size != 1:
        raise OutputsError(f"expected one number in output {name}, got {array.size}")
    count = float(array.item())
    if not 0 <= count < np.inf:
        raise OutputsError(f"expected a number of detections in output {name}, got {count}")
    return round(count)


def _class_ids(classes: NDArray[np.float64], name: str) -> NDArray[np.int64]:
    wrong = classes[(classes < -_ROUNDING) | (classes > _CLASS_ID_MAX)]
    if wrong.size:
        raise OutputsError(f"expected class ids in output {name}, got {wrong[0]}")
    return np.rint(classes).astype(np.int64)


def _probabilities(scores: NDArray[np.float64], name: str) -> NDArray[np.float32]:
    wrong = scores[(scores < -_ROUNDING) | (scores > 1 + _ROUNDING)]
    if wrong.size:
        raise OutputsError(f"expected probabilities from 0 to 1 in output {name}, got {wrong[0]}")
    return np.clip(scores, 0.0, 1.0).astype(np.float32)
