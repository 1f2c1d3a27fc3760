"""OpenCV and zxing-cpp as detectors."""

from pathlib import Path

import numpy as np
import pytest
import zxingcpp
from PIL import Image

from pipeline.codes.kinds import CodeKind
from pipeline.evaluate.alternatives import ALTERNATIVES, alternative
from pipeline.evaluate.detector import FoundBox
from pipeline.exceptions import EvaluationError

FORMATS = {
    CodeKind.QR_CODE: zxingcpp.BarcodeFormat.QRCode,
    CodeKind.DATA_MATRIX: zxingcpp.BarcodeFormat.DataMatrix,
    CodeKind.AZTEC: zxingcpp.BarcodeFormat.Aztec,
    CodeKind.PDF417: zxingcpp.BarcodeFormat.PDF417,
    CodeKind.LINEAR_BARCODE: zxingcpp.BarcodeFormat.Code128,
}
FOUND_BY = {
    "opencv": {CodeKind.QR_CODE, CodeKind.LINEAR_BARCODE},
    "zxing-cpp": set(CodeKind),
}
LEFT, TOP = 100, 100


def _write_code(path: Path, kind: CodeKind) -> tuple[int, int]:
    """Write a white picture with one code; return the code's width and height."""
    barcode = zxingcpp.create_barcode("SIGHTLINE 12345678", FORMATS[kind])
    code = np.asarray(barcode.to_image(scale=2, add_quiet_zones=False))
    height, width = code.shape[:2]
    picture = np.full((height + 2 * TOP, width + 2 * LEFT), 255, dtype=np.uint8)
    picture[TOP : TOP + height, LEFT : LEFT + width] = code
    Image.fromarray(picture).convert("RGB").save(path)
    return width, height


@pytest.mark.parametrize("kind", CodeKind)
@pytest.mark.parametrize("name", ALTERNATIVES)
def test_a_tool_finds_the_kinds_that_it_looks_for(
    tmp_path: Path, name: str, kind: CodeKind
) -> None:
    """With the name of the kind, a score of 1, and the corners where the code is."""
    width, height = _write_code(tmp_path / "code.png", kind)
    tool = alternative(name)

    found = [box for box in tool.detect(tmp_path / "code.png") if box.label == kind]
    tool.close()

    assert (kind.value in tool.labels) == (kind in FOUND_BY[name])
    assert len(found) == (kind in FOUND_BY[name])
    assert tool.decode_s is not None
    for label, score, (x_min, _, x_max, y_max) in found:
        assert (label, score) == (kind.value, 1.0)
        assert (x_min, x_max) == pytest.approx((LEFT, LEFT + width), abs=40)  # OpenCV's are rough
        assert TOP < y_max <= TOP + height + 40


@pytest.mark.parametrize("side", [1, 7, 300])
@pytest.mark.parametrize("name", ALTERNATIVES)
def test_a_tool_finds_nothing_where_nothing_is(tmp_path: Path, name: str, side: int) -> None:
    """In pictures of any size."""
    Image.new("RGB", (side, side), "white").save(tmp_path / "white.png")

    found: list[FoundBox] = alternative(name).detect(tmp_path / "white.png")

    assert found == []


@pytest.mark.parametrize("name", ALTERNATIVES)
def test_a_file_that_is_no_picture_is_named(tmp_path: Path, name: str) -> None:
    """With the tool that was looking at it."""
    (tmp_path / "a.jpg").write_bytes(b"no picture")
    tool = alternative(name)

    with pytest.raises(EvaluationError, match=rf"{tool.title} cannot read .*a\.jpg: "):
        tool.detect(tmp_path / "a.jpg")


def test_a_missing_library_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody needs it who does not compare."""

    def fail() -> None:
        raise ImportError("No module named 'cv2'")

    monkeypatch.setitem(ALTERNATIVES, "opencv", fail)

    with pytest.raises(EvaluationError, match="Comparing with opencv needs a library: No module"):
        alternative("opencv")
