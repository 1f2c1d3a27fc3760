"""From a decoded picture to what a model finds in it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognition.labelled_model import LabelledModel
from serving_client import ModelRef, ServingClient, Timings
from vision import (
    Classification,
    ClassificationOutputs,
    Detections,
    ModelCard,
    Picture,
    classification_from_outputs,
    detections_from_outputs,
)


@dataclass(frozen=True, slots=True)
class Look:
    """What a model finds in a picture.

    Attributes:
        found: Everything that it answered: objects of a detector, classes of a classifier.
        version: The version that answered.
        timings: Where the time of the call went.
    """

    found: Detections | Classification
    version: int | None
    timings: Timings


def look_at(
    client: ServingClient,
    model: LabelledModel,
    picture: Picture,
    *,
    timeout_s: float | None = None,
) -> Look:
    """Show a picture to a model.

    Args:
        client: Of the server that has the model.
        model: The model.
        picture: Decoded with the policy of the model's card, `model.card.input.resize`.
        timeout_s: Deadline of the call, retries included; the client's default if None.

    Raises:
        ServingError: The call failed.
        OutputsError: The outputs are not those that the card names.
    """
    card = model.card
    answer = client.predict(
        ModelRef(card.name, signature=card.input.signature),
        {card.input.tensor: picture.image_hwc[np.newaxis]},
        output_names=outputs_wanted(card),
        timeout_s=timeout_s,
    )
    found = read_found(answer.outputs, model, picture.original_size_wh)
    return Look(found, answer.model.version, answer.timings)


def outputs_wanted(card: ModelCard) -> tuple[str, ...]:
    """Return the outputs to ask for; of the probabilities of all classes the best ones do."""
    names = card.outputs
    if isinstance(names, ClassificationOutputs):
        names = replace(names, probabilities=None)
    return names.names


def read_found(
    outputs: Mapping[str, NDArray[Any]], model: LabelledModel, size_wh: tuple[int, int]
) -> Detections | Classification:
    """Read a model's outputs for one picture, as its task wants it.

    Args:
        outputs: Arrays by output name, for a batch of one picture.
        model: The model.
        size_wh: Width and height in pixels of the upright original; boxes are in its pixels.

    Raises:
        OutputsError: The outputs are not those that the card names.
    """
    names, labels = model.card.outputs, model.labels
    if isinstance(names, ClassificationOutputs):
        return classification_from_outputs(outputs, names=names, labels=labels)
    return detections_from_outputs(outputs, names=names, labels=labels, size_wh=size_wh)
