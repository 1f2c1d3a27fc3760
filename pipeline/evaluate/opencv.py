"""OpenCV's own detectors of QR codes and of linear barcodes."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2

from pipeline.codes.kinds import CodeKind
from pipeline.evaluate.detector import FoundBox
from pipeline.exceptions import EvaluationError
from vision import VisionError, decode_picture


class OpenCvDetector:
    """Finds QR codes and linear barcodes; whether they could be read does not matter.

    Its detectors give no scores, so that every score is 1.
    """

    def __init__(self) -> None:
        self.version: int | None = None
        self.decode_s: float | None = None
        self.title = f"OpenCV {cv2.__version__}"
        self.labels = frozenset({CodeKind.QR_CODE.value, CodeKind.LINEAR_BARCODE.value})
        self._detectors: dict[CodeKind, Any] = {
            CodeKind.QR_CODE: cv2.QRCodeDetector(),
            CodeKind.LINEAR_BARCODE: cv2.barcode.BarcodeDetector(),
        }

    def detect(self, picture: Path) -> list[FoundBox]:
        """See `Detector`."""
        started = time.perf_counter()
        try:
            image_hwc = decode_picture(picture.read_bytes()).image_hwc
        except VisionError as error:
            raise EvaluationError(f"{self.title} cannot read {picture}: {error}") from error
        self.decode_s = time.perf_counter() - started
        grey = cv2.cvtColor(image_hwc, cv2.COLOR_RGB2GRAY)
        return [
            FoundBox(kind.value, 1.0, xyxy)
            for kind, detector in self._detectors.items()
            for xyxy in _boxes(detector, grey)
        ]

    def close(self) -> None:
        """See `Detector`."""


def _boxes(detector: Any, grey: Any) -> Iterator[tuple[float, float, float, float]]:
    """Yield the boxes around the corners that a detector finds."""
    try:
        is_found, corners = detector.detectMulti(grey)
    except cv2.error:
        # Fails on some pictures where it finds nothing to work with.
        return
    if is_found:
        for quadrangle in corners.reshape(-1, 4, 2).astype(float):
            (x_min, y_min), (x_max, y_max) = quadrangle.min(axis=0), quadrangle.max(axis=0)
            yield float(x_min), float(y_min), float(x_max), float(y_max)
