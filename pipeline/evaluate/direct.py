"""A SavedModel called in this process, with pictures in full size: what the others are held to."""

import os
import time
from pathlib import Path
from typing import Any

from pipeline.evaluate.detector import FoundBox
from pipeline.exceptions import EvaluationError
from pipeline.repository import InstalledModel
from vision import Labels, VisionError, decode_picture, detections_from_outputs


class DirectDetector:
    """Calls the SavedModel of an installed model; imports TensorFlow.

    Args:
        model: The model.
        labels: The names of its classes.

    Raises:
        EvaluationError: TensorFlow is not installed, or cannot load the model.
    """

    def __init__(self, model: InstalledModel, labels: Labels) -> None:
        self.version: int | None = model.version
        self.decode_s: float | None = None
        self._card = model.card
        self._labels = labels
        # Read by TensorFlow's C++ part when it is loaded: errors only.
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
        try:
            import tensorflow as tf  # noqa: PLC0415 - takes seconds, and only this way needs it
        except ImportError as error:
            raise EvaluationError(f"Calling a SavedModel needs TensorFlow: {error}.") from error
        self._tf: Any = tf
        try:
            # The function alone does not keep the variables of its model alive.
            self._loaded = tf.saved_model.load(str(model.saved_model))
            self._function = self._loaded.signatures[model.card.input.signature]
        except (OSError, ValueError, KeyError, tf.errors.OpError) as error:
            raise EvaluationError(f"Cannot load {model.saved_model}: {error}.") from error

    def detect(self, picture: Path) -> list[FoundBox]:
        """See `Detector`."""
        try:
            started = time.perf_counter()
            decoded = decode_picture(picture.read_bytes())
            self.decode_s = time.perf_counter() - started
            tensor = self._tf.constant(decoded.image_hwc[None])
            outputs = self._function(**{self._card.input.tensor: tensor})
            found = detections_from_outputs(
                {name: value.numpy() for name, value in outputs.items()},
                names=self._card.detection_outputs,
                labels=self._labels,
                size_wh=decoded.original_size_wh,
            )
        except (VisionError, TypeError, self._tf.errors.OpError) as error:
            raise EvaluationError(f"{self._card.name} fails with {picture}: {error}") from error
        return [FoundBox(box.label, box.score, box.xyxy) for box in found]

    def close(self) -> None:
        """See `Detector`."""
