"""The barcode reader zxing-cpp, which reports what it can read."""

import time
from importlib.metadata import version
from pathlib import Path

import zxingcpp
from zxingcpp import BarcodeFormat

from pipeline.codes.kinds import CodeKind
from pipeline.evaluate.detector import FoundBox
from pipeline.exceptions import EvaluationError
from vision import VisionError, decode_picture

_KINDS = {
    BarcodeFormat.QRCode: CodeKind.QR_CODE,
    BarcodeFormat.DataMatrix: CodeKind.DATA_MATRIX,
    BarcodeFormat.Aztec: CodeKind.AZTEC,
    BarcodeFormat.PDF417: CodeKind.PDF417,
}
_LINEAR = frozenset(zxingcpp.barcode_formats_list(zxingcpp.BarcodeFormats(BarcodeFormat.AllLinear)))


class ZxingCppDetector:
    """Finds what it can decode, of all kinds, with its default settings.

    It gives no scores, so that every score is 1. What is none of our kinds keeps its own name.
    """

    def __init__(self) -> None:
        self.version: int | None = None
        self.decode_s: float | None = None
        self.title = f"zxing-cpp {version('zxing-cpp')}"
        self.labels = frozenset(kind.value for kind in CodeKind)

    def detect(self, picture: Path) -> list[FoundBox]:
        """See `Detector`."""
        started = time.perf_counter()
        try:
            image_hwc = decode_picture(picture.read_bytes()).image_hwc
        except VisionError as error:
            raise EvaluationError(f"{self.title} cannot read {picture}: {error}") from error
        self.decode_s = time.perf_counter() - started
        height, width, _ = image_hwc.shape
        # It takes a bare array for BGR, and finds less in one whose channels are only turned round.
        view = zxingcpp.ImageView(image_hwc, width, height, zxingcpp.ImageFormat.RGB)
        found = zxingcpp.read_barcodes(view)
        return [FoundBox(_label(code.format), 1.0, _xyxy(code.position)) for code in found]

    def close(self) -> None:
        """See `Detector`."""


def _label(code_format: BarcodeFormat) -> str:
    if code_format in _LINEAR or code_format.symbology in _LINEAR:
        return CodeKind.LINEAR_BARCODE.value
    kind = _KINDS.get(code_format.symbology)
    return kind.value if kind else str(code_format)


def _xyxy(position: zxingcpp.Position) -> tuple[float, float, float, float]:
    corners = (
        position.top_left,
        position.top_right,
        position.bottom_right,
        position.bottom_left,
    )
    xs, ys = [corner.x for corner in corners], [corner.y for corner in corners]
    return float(min(xs)), float(min(ys)), float(max(xs)), float(max(ys))
