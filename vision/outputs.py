"""From the outputs of a detection model to :class:`~vision.detections.Detections`.

Both forms of the TensorFlow detection zoo are read: TF1's (class ids and the count as floats)
and TF2's, with or without the batch dimension.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vision.boxes import area_xyxy, clip_xyxy, yxyx_normalised_to_xyxy
from vision.detections import Detections
from vision.exceptions import OutputsError
from vision.labels import Labels
from vision.output_arrays import as_class_ids, as_probabilities, read_numbers, read_rows
from vision.output_names import DetectionOutputs


def detections_from_outputs(
    outputs: Mapping[str, NDArray[Any]],
    *,
    names: DetectionOutputs,
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
        >>> names = DetectionOutputs(
        ...     "detection_boxes", "detection_scores", "detection_classes", "num_detections"
        ... )
        >>> found = detections_from_outputs(
        ...     outputs, names=names, labels=Labels({18: "dog"}), size_wh=(200, 100)
        ... )
        >>> list(found)
        [Detection(label='dog', score=0.75, class_id=18, xyxy=(50.0, 0.0, 200.0, 50.0))]
    """
    boxes = read_rows(outputs, names.boxes, row_shape=(4,))
    scores = read_rows(outputs, names.scores)
    classes = read_rows(outputs, names.classes)
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
    class_ids = as_class_ids(classes[kept], names.classes)
    return Detections(
        xyxy=xyxy[kept].astype(np.float32),
        class_ids=class_ids,
        scores=as_probabilities(scores[kept], names.scores),
        labels=tuple(labels[class_id] for class_id in class_ids.tolist()),
    )


def _count(outputs: Mapping[str, NDArray[Any]], name: str) -> int:
    array = read_numbers(outputs, name)
    if array.size != 1:
        raise OutputsError(f"expected one number in output {name}, got {array.size}")
    count = float(array.item())
    if not 0 <= count < np.inf:
        raise OutputsError(f"expected a number of detections in output {name}, got {count}")
    return round(count)
