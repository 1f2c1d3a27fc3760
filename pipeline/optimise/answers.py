"""What a model says of a picture, whatever its task."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from numpy.typing import NDArray

from vision import (
    Classification,
    Detections,
    Labels,
    ModelCard,
    classification_from_outputs,
    detections_from_outputs,
)
from vision.output_names import DetectionOutputs

Answer: TypeAlias = Classification | Detections


def read_answer(
    outputs: Mapping[str, NDArray[Any]],
    card: ModelCard,
    labels: Labels,
    size_wh: tuple[int, int],
) -> Answer:
    """Read the outputs for one picture.

    Args:
        outputs: Arrays by output name.
        card: The model's facts.
        labels: The names of its classes.
        size_wh: Width and height in pixels of the upright picture.

    Raises:
        OutputsError: They are not what the card says.
    """
    if isinstance(card.outputs, DetectionOutputs):
        return detections_from_outputs(outputs, names=card.outputs, labels=labels, size_wh=size_wh)
    return classification_from_outputs(outputs, names=card.outputs, labels=labels)


def wanted_outputs(card: ModelCard) -> tuple[str, ...]:
    """Return the outputs that answers are read from; names of classes stand in `labels.txt`."""
    if isinstance(card.outputs, DetectionOutputs):
        return card.outputs.names
    return (card.outputs.class_ids, card.outputs.scores)
