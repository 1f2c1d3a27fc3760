"""A model server that answers as a test tells it to."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serving_client import (
    InvalidArgumentError,
    ModelRef,
    ModelState,
    Retry,
    RpcError,
    ServingClient,
    Target,
    TransportError,
    VersionStatus,
)
from serving_client.testing import (
    FakeTransport,
    PredictAnswer,
    PredictCall,
    StatusCall,
)
from webapp.testing.models import CLASSES, EXPLANATION

_SCORES = {0: 0.62, 4: 0.25, 3: 0.1, 1: 0.02, 2: 0.01}
Outputs = dict[str, NDArray[np.generic]]
Look = Callable[[NDArray[np.uint8]], "Sequence[Box]"]


@dataclass(frozen=True, slots=True)
class Box:
    """One row of a model's answer.

    Attributes:
        class_id: One of ``LABELS``, or any other.
        score: 0..1.
        yxyx_normalised: (y_min, x_min, y_max, x_max) in fractions of the picture.
    """

    class_id: int
    score: float
    yxyx_normalised: tuple[float, float, float, float] = (0.25, 0.25, 0.75, 0.75)


class FakeModelServer:
    """Answers every picture with the same boxes and classes, or fails as a server would.

    Args:
        boxes: The rows of each answer.
        version: The version that answers.

    Attributes:
        failure: Set to a class, every call fails with its status; None, every call succeeds.
        outputs: What a call is answered with, by output name.
        heat_map_hw: What a question for an explanation is answered with.
        look: Set to a function, it says which boxes are in each picture, of which there may be
            several in a call.
        on_predict: Called when a picture has arrived, before it is answered: to look or to wait.
        transport: What the calls went through; holds them, and their deadlines.
    """

    def __init__(self, boxes: Sequence[Box] = (), *, version: int = 1) -> None:
        self.failure: type[RpcError] | None = None
        self.on_predict: Callable[[], object] = lambda: None
        self.look: Look | None = None
        self.heat_map_hw = np.zeros((7, 7), np.float32)
        self.heat_map_hw[1, 2] = 1.0
        self.answer_with(boxes)
        self.transport = FakeTransport({"Predict": self._predict, "GetModelStatus": self._status})
        self._version = version

    def answer_with(self, boxes: Sequence[Box]) -> None:
        """Set the boxes of each answer from now on."""
        self.outputs = {**_classes(_SCORES), **_boxes([boxes])}

    def classify_with(self, scores: Mapping[int, float]) -> None:
        """Set the classes of each answer from now on: scores by class id."""
        self.outputs = {**self.outputs, **_classes(scores)}

    def client(self) -> ServingClient:
        """Return a client whose calls come here, and are made once."""
        return ServingClient(
            Target("model-server.example:8500"),
            transport=self.transport,
            retry=Retry(attempts_max=1),
        )

    def _predict(self, call: PredictCall) -> PredictAnswer:
        self.on_predict()
        self._fail_if_told()
        model = ModelRef(call.model.name, self._version)
        if call.model.signature == EXPLANATION.signature:
            return PredictAnswer(self._explain(call), model)
        if self.look is not None:
            (images,) = call.inputs.values()
            outputs = {**self.outputs, **_boxes([self.look(image) for image in images])}
            wanted = {name: outputs[name] for name in call.output_names}
            return PredictAnswer(wanted, model)
        return PredictAnswer(self.outputs, model)

    def _explain(self, call: PredictCall) -> Outputs:
        asked = int(np.ravel(call.inputs.get(EXPLANATION.class_id, -1))[0])
        ids, scores = self.outputs["class_ids"][0], self.outputs["class_scores"][0]
        class_id = int(ids[0]) if asked == -1 else asked
        if class_id not in CLASSES.names:
            raise TransportError(InvalidArgumentError.code, f"there is no class {class_id}")
        score = scores[ids == class_id][:1]
        return {
            "heat_map": self.heat_map_hw[np.newaxis],
            "class_id": np.array([class_id]),
            "class_name": np.array([CLASSES[class_id].encode()], object),
            "score": score if score.size else np.zeros(1, np.float32),
        }

    def _status(self, _call: StatusCall) -> tuple[VersionStatus, ...]:
        self._fail_if_told()
        return (VersionStatus(self._version, ModelState.AVAILABLE),)

    def _fail_if_told(self) -> None:
        if self.failure is not None:
            raise TransportError(self.failure.code, "as the test told it to")


def _boxes(pictures: Sequence[Sequence[Box]]) -> Outputs:
    """Return the outputs of a detector for some pictures, as many rows each as the most need."""
    rows = max(map(len, pictures))
    boxes = np.zeros((len(pictures), rows, 4), np.float32)
    scores = np.zeros((len(pictures), rows), np.float32)
    classes = np.zeros((len(pictures), rows), np.float32)
    for picture, found in enumerate(pictures):
        for row, box in enumerate(found):
            boxes[picture, row] = box.yxyx_normalised
            scores[picture, row], classes[picture, row] = box.score, box.class_id
    count = np.array([len(found) for found in pictures], np.float32)
    return {"boxes": boxes, "scores": scores, "classes": classes, "count": count}


def _classes(scores: Mapping[int, float]) -> Outputs:
    """Return the outputs of a classifier for one picture."""
    ids = sorted(scores, key=lambda class_id: -scores[class_id])
    return {
        "class_ids": np.array([ids]),
        "class_scores": np.array([[scores[class_id] for class_id in ids]], np.float32),
        "class_names": np.array([[CLASSES[class_id].encode() for class_id in ids]], object),
    }
