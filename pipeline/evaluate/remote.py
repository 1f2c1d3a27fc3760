"""Models behind a server: over gRPC as the web application calls them, and over its own API."""

import json
import time
from pathlib import Path
from typing import Any

import urllib3
from urllib3.exceptions import HTTPError

from pipeline.evaluate.detector import FoundBox
from pipeline.exceptions import EvaluationError
from serving_client import ModelRef, ServingClient, ServingError
from vision import Labels, ModelCard, VisionError, decode_picture, detections_from_outputs

_DETAIL_MAX = 200  # characters of an answer that is not understood
_HTTP_SUCCESS = range(200, 300)


class GrpcDetector:
    """A model server: pictures shrunk as the model's card says, then one `Predict` each.

    Args:
        client: Knows the server; closed with the detector.
        card: The model's facts.
        labels: The names of its classes.
    """

    def __init__(self, client: ServingClient, card: ModelCard, labels: Labels) -> None:
        self.version: int | None = None
        self.decode_s: float | None = None
        self._client = client
        self._card = card
        self._labels = labels
        self._outputs = card.detection_outputs

    def detect(self, picture: Path) -> list[FoundBox]:
        """See `Detector`."""
        spec = self._card.input
        try:
            started = time.perf_counter()
            decoded = decode_picture(picture.read_bytes(), resize=spec.resize)
            self.decode_s = time.perf_counter() - started
            result = self._client.predict(
                ModelRef(self._card.name, signature=spec.signature),
                {spec.tensor: decoded.image_hwc[None]},
                output_names=self._outputs.names,
            )
            self.version = result.model.version
            found = detections_from_outputs(
                result.outputs,
                names=self._outputs,
                labels=self._labels,
                size_wh=decoded.original_size_wh,
            )
        except (ServingError, VisionError) as error:
            raise EvaluationError(f"{self._card.name} fails with {picture}: {error}") from error
        return [FoundBox(box.label, box.score, box.xyxy) for box in found]

    def close(self) -> None:
        """See `Detector`."""
        self._client.close()


class WebDetector:
    """The web application: every picture is uploaded to `POST /api/v1/detections`.

    Args:
        base_url: Of the application, such as `http://127.0.0.1:5000`.
        model: Name of the model.
        timeout_s: For one answer.
    """

    def __init__(self, base_url: str, model: str, timeout_s: float = 60.0) -> None:
        self.version: int | None = None
        self.decode_s: float | None = None  # the web application decodes
        self._url = f"{base_url.rstrip('/')}/api/v1/detections"
        self._model = model
        self._pool = urllib3.PoolManager(timeout=urllib3.Timeout(timeout_s), retries=False)

    def detect(self, picture: Path) -> list[FoundBox]:
        """See `Detector`."""
        fields: dict[str, str | tuple[str, str | bytes]] = {
            "image": (picture.name, picture.read_bytes()),
            "model": self._model,
            "threshold": "0",
        }
        try:
            response = self._pool.request("POST", self._url, fields=fields)
        except HTTPError as error:
            raise EvaluationError(f"{self._url} does not answer: {error}.") from error
        if response.status not in _HTTP_SUCCESS:
            detail = response.data.decode(errors="replace")[:_DETAIL_MAX].strip()
            raise EvaluationError(f"{self._url} answers {response.status} to {picture}: {detail}")
        try:
            answer = json.loads(response.data)
            self.version = int(answer["model"]["version"])
            return [_found(row) for row in answer["detections"]]
        except (ValueError, TypeError, LookupError) as error:
            raise EvaluationError(f"{self._url} answers in another form: {error!r}.") from error

    def close(self) -> None:
        """See `Detector`."""
        self._pool.clear()


def _found(row: dict[str, Any]) -> FoundBox:
    x_min, y_min, x_max, y_max = (
        float(row["box"][side]) for side in ("x_min", "y_min", "x_max", "y_max")
    )
    return FoundBox(str(row["label"]), float(row["score"]), (x_min, y_min, x_max, y_max))
