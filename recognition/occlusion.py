"""Asking a detector why it sees an object: many copies of the picture, each covered elsewhere.

It knows nothing of HTTP or the database, so scripts can use it too.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from recognition.labelled_model import LabelledModel
from serving_client import ModelRef, ServingClient, UnimplementedError
from vision import (
    Detection,
    Detections,
    HeatMap,
    OcclusionHeat,
    OutputsError,
    Picture,
    detection_similarity,
    detections_from_outputs,
    occlude,
    occlusion_masks,
)

MASKS = 400
"""How many copies a detector is shown unless somebody says otherwise."""
_BATCH_MAX = 8
_CONCURRENCY = 2
MaskHw = NDArray[np.float32]


def explain_detection(  # noqa: PLR0913  each one is a value with a default
    client: ServingClient,
    model: LabelledModel,
    picture: Picture,
    detection: Detection,
    *,
    version: int | None = None,
    masks: int = MASKS,
    seed: int = 0,
    batch_size: int | None = None,
    timeout_s: float | None = None,
    on_progress: Callable[[float], object] = lambda _share: None,
) -> HeatMap:
    """Return which parts of a picture a detector needs to find an object in it.

    The calls are ordinary Predict calls, two at a time, so that others get their turn. See
    :mod:`vision.occlusion` for the method.

    Args:
        client: Of the server that has the model.
        model: The detector.
        picture: As the detector saw it, shrunk by the policy of its card.
        detection: What it found there, in pixels of the original.
        version: Of the model; None for the newest.
        masks: How many covered copies to show it: more take longer and leave less to chance.
        seed: The same seed gives the same map.
        batch_size: Copies in a call; None takes several where the model's signature allows it.
        timeout_s: Deadline of a call, for each of its copies; the client's default if None.
        on_progress: Called after each call with the share that is done, 0..1. An error that it
            raises ends the work, and the calls under way with it.

    Raises:
        ServingError: A call failed.
        OutputsError: The outputs are not those that the card names.
        ValueError: ``masks`` or ``batch_size`` is less than 1.
        ModelCardError: The model is no detector.
    """
    ref = ModelRef(model.card.name, version, model.card.input.signature)
    rows = batch_size or _batch_size(client, ref, model.card.input.tensor)
    if min(masks, rows) < 1:
        raise ValueError(f"expected at least one mask in a batch, got {masks} and {rows}")
    copies = _Copies(picture, masks, seed, rows)
    answers = client.predict_stream(
        ref,
        ({model.card.input.tensor: images} for images in copies),
        concurrency=_CONCURRENCY,
        output_names=model.card.detection_outputs.names,
        timeout_s=None if timeout_s is None else timeout_s * rows,
    )
    heat = OcclusionHeat(copies.size_wh)
    with closing(answers):
        for answer in answers:
            masks_hw = copies.oldest()
            for row, mask_hw in enumerate(masks_hw):
                outputs = _row(answer.outputs, row, len(masks_hw))
                found = _found(outputs, model, picture.original_size_wh)
                heat.add(mask_hw, detection_similarity(found, detection))
            on_progress(heat.count / masks)
    return heat.heat_map()


class _Copies:
    """Covered copies of a picture in batches, made when they are asked for.

    Args:
        picture: The picture.
        count: How many copies.
        seed: Of the masks.
        rows: Copies in a batch.
    """

    def __init__(self, picture: Picture, count: int, seed: int, rows: int) -> None:
        height, width = picture.image_hwc.shape[:2]
        self.size_wh = (width, height)
        self._image_hwc = picture.image_hwc
        self._rows = rows
        self._masks = occlusion_masks(np.random.default_rng(seed), count, size_wh=self.size_wh)
        self._unanswered: deque[list[MaskHw]] = deque()

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        """Yield batches of copies, uint8 [N, H, W, 3]."""
        while batch := list(islice(self._masks, self._rows)):
            self._unanswered.append(batch)
            yield np.stack([occlude(self._image_hwc, mask_hw) for mask_hw in batch])

    def oldest(self) -> list[MaskHw]:
        """Return the masks of the first batch that was not asked for yet."""
        return self._unanswered.popleft()


def _batch_size(client: ServingClient, ref: ModelRef, tensor: str) -> int:
    """Return how many pictures a call may have; one where the server does not tell."""
    try:
        signature = client.model_metadata(ref).signatures.get(ref.signature)
    except UnimplementedError:
        return 1
    spec = signature.inputs.get(tensor) if signature else None
    if spec is None or not spec.shape:
        return 1
    return min(spec.shape[0] or _BATCH_MAX, _BATCH_MAX)


def _found(
    outputs: Mapping[str, NDArray[np.generic]], model: LabelledModel, size_wh: tuple[int, int]
) -> Detections:
    names = model.card.detection_outputs
    return detections_from_outputs(outputs, names=names, labels=model.labels, size_wh=size_wh)


def _row(
    outputs: Mapping[str, NDArray[np.generic]], row: int, rows: int
) -> dict[str, NDArray[np.generic]]:
    """Return the outputs for one picture of a batch."""
    for name, array in outputs.items():
        if len(np.atleast_1d(array)) != rows:
            raise OutputsError(f"expected {rows} rows in output {name}, got {list(array.shape)}")
    return {name: np.atleast_1d(array)[row : row + 1] for name, array in outputs.items()}
