"""Asking a classifier which parts of a picture speak for a class."""

import numpy as np

from recognition.labelled_model import LabelledModel
from serving_client import Array, ModelRef, ServingClient
from vision import (
    ClassHeat,
    Explanation,
    ModelCard,
    Picture,
    class_heat_from_outputs,
)


def explain_class(  # noqa: PLR0913  each one is a value with a default
    client: ServingClient,
    model: LabelledModel,
    picture: Picture,
    *,
    class_id: int,
    version: int | None = None,
    timeout_s: float | None = None,
) -> ClassHeat:
    """Return which parts of a picture speak for a class.

    Args:
        client: Of the server that has the model.
        model: The model.
        picture: Decoded with the policy of the model's card, `model.card.input.resize`.
        class_id: The class that is asked about.
        version: The version to ask; None for the newest.
        timeout_s: Deadline of the call, retries included; the client's default if None.

    Raises:
        ValueError: The model cannot explain: its card names no signature for it.
        ServingError: The call failed; with InvalidArgumentError the model knows no such class.
        OutputsError: The outputs are not those that the card names.
    """
    names = _explanation(model.card)
    inputs: dict[str, Array] = {
        names.tensor: picture.image_hwc[np.newaxis],
        names.class_id: np.array([class_id], dtype=np.int64),
    }
    answer = client.predict(
        ModelRef(model.card.name, version, names.signature),
        inputs,
        output_names=names.names,
        timeout_s=timeout_s,
    )
    return class_heat_from_outputs(answer.outputs, names=names, labels=model.labels)


def _explanation(card: ModelCard) -> Explanation:
    if card.explanation is None:
        raise ValueError(f"expected a model that can explain, got {card.name}")
    return card.explanation
