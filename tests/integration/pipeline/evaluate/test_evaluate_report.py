"""`python -m pipeline evaluate --report`, with a stand-in for the web application."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Browser, Page

from pipeline.cli import main
from vision import encode_jpeg

REPORT_FILES = ["confusion.svg", "precision_recall.svg", "report.html", "report.json", "worst.jpg"]
ODD = "<i>odd</i> & $name"


class _Web(HTTPServer):
    """Answers an upload with the boxes known for its file name."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.boxes: dict[str, list[tuple[str, float, tuple[int, int, int, int]]]] = {}
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: _Web

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        found = next(rows for name, rows in self.server.boxes.items() if name.encode() in body)
        sides = ("x_min", "y_min", "x_max", "y_max")
        detections = [
            {"label": label, "score": score, "box": dict(zip(sides, xyxy, strict=True))}
            for label, score, xyxy in found
        ]
        answer = {"model": {"name": "codes", "version": 7}, "detections": detections}
        content = json.dumps(answer).encode()
        self.send_response(201)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def web() -> Iterator[_Web]:
    """A web application with a model called `codes`, which knows four pictures."""
    with _Web() as server:
        server.boxes = {
            "qr.png": [("qr_code", 0.9, (100, 100, 142, 142)), ("qr_code", 0.3, (0, 0, 9, 9))],
            "bars.jpg": [("linear_barcode", 0.8, (20, 30, 180, 90)), ("cow", 0.9, (0, 0, 9, 9))],
            "empty.jpg": [("qr_code", 0.7, (10, 10, 60, 60))],
            "odd.jpg": [],
        }  # fmt: skip
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A QR code, a barcode with a box around its scan lines, nothing, and something odd."""
    folder = tmp_path / "made & measured"
    (folder / "images").mkdir(parents=True)
    barcode = zxingcpp.create_barcode("SIGHTLINE", zxingcpp.BarcodeFormat.QRCode)
    code = np.asarray(barcode.to_image(scale=2, add_quiet_zones=False))
    picture = np.full((300, 300), 255, dtype=np.uint8)
    picture[100 : 100 + len(code), 100 : 100 + len(code)] = code
    Image.fromarray(picture).convert("RGB").save(folder / "images" / "qr.png")
    grey = encode_jpeg(np.full((120, 200, 3), 128, dtype=np.uint8))
    for name in ("bars.jpg", "empty.jpg", "odd.jpg"):
        (folder / "images" / name).write_bytes(grey)
    side = len(code)
    _write(
        folder,
        names=["qr.png", "bars.jpg", "empty.jpg", "odd.jpg"],
        categories=["qr_code", "linear_barcode", ODD],
        boxes=[(1, 1, [100, 100, side, side]), (2, 2, [20, 58, 160, 4]), (4, 3, [5, 5, 50, 50])],
    )
    return folder


def _write(
    folder: Path, names: list[str], categories: list[str], boxes: list[tuple[int, int, list[int]]]
) -> None:
    fields = {
        "images": [{"id": key, "file_name": name} for key, name in enumerate(names, 1)],
        "categories": [{"id": key, "name": name} for key, name in enumerate(categories, 1)],
        "annotations": [
            {"image_id": image_id, "category_id": category_id, "bbox": bbox}
            for image_id, category_id, bbox in boxes
        ],
    }
    (folder / "instances.json").write_text(json.dumps(fields), encoding="utf-8")


def _evaluate(web: _Web, data: Path, *options: str) -> int:
    usual = ["--model", "codes", "--via", "web", "--url", web.url, "--data", str(data)]
    repository = str(data.parent / "no_models")
    return main(["evaluate", *usual, "--repository", repository, *options], {})


def _everything(web: _Web, data: Path, folder: Path) -> Any:
    code = _evaluate(
        web, data, "--report", str(folder), "--scan-lines", "linear_barcode",
        "--compare", "opencv", "--compare", "zxing-cpp", "--note", "Made <b>here</b>.",
    )  # fmt: skip
    assert code == 0
    return json.loads((folder / "report.json").read_text(encoding="utf-8"))


def test_the_report_has_every_figure(
    web: _Web, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By both rules, with the tools, in a folder that did not exist; and in short on screen."""
    folder = tmp_path / "reports" / "first"

    report = _everything(web, data, folder)

    by_iou, by_lines = report["figures"]
    named = {each["title"].split()[0]: each for each in report["comparison"]["contenders"]}
    out = capsys.readouterr().out
    assert sorted(path.name for path in folder.iterdir()) == REPORT_FILES
    assert (report["threshold"], report["version"], report["images"]) == (0.5, 7, 4)
    assert report["data"]["name"] == "made & measured"
    assert (by_iou["overall"]["tp"], by_iou["overall"]["fp"], by_iou["overall"]["fn"]) == (1, 2, 2)
    assert (by_lines["overall"]["tp"], by_lines["overall"]["fp"]) == (2, 1)
    assert by_lines["per_class"]["linear_barcode"]["ap_50"] == 1.0
    assert by_lines["confusion"]["labels"] == ["qr_code", "linear_barcode", ODD, "background"]
    assert report["empty_pictures"] == {"count": 1, "with_detection": 1}
    assert report["labels_left_out"] == {"cow": 1}
    assert report["notes"] == ["Made <b>here</b>."]
    assert named["codes"]["found"] == {"qr_code": 1, "linear_barcode": 1, ODD: 0}
    assert named["zxing-cpp"]["found"]["qr_code"] == 1
    assert named["OpenCV"]["found"]["linear_barcode"] == 0
    assert named["OpenCV"]["empty_pictures_with_detection"] == 0
    assert "codes version 7: 4 pictures via web" in out
    assert "1 of 1 pictures without objects have a detection" in out


def test_a_threshold_and_a_limit_can_be_chosen(web: _Web, data: Path, tmp_path: Path) -> None:
    """One picture is enough for a report, and a former report is replaced."""
    folder = tmp_path / "report"

    codes = [
        _evaluate(web, data, "--limit", "1", "--threshold", threshold, "--report", str(folder))
        for threshold in ("0.5", "0.25")
    ]

    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert codes == [0, 0]
    assert (report["images"], report["threshold"]) == (1, 0.25)
    assert report["figures"][0]["overall"]["fp"] == 1
    assert report["comparison"] is None


def test_a_perfect_model_has_no_worst_pictures(web: _Web, data: Path, tmp_path: Path) -> None:
    """The sheet of a former report is gone."""
    folder = tmp_path / "report"
    _everything(web, data, folder)

    code = _evaluate(web, data, "--limit", "1", "--report", str(folder))

    assert code == 0
    assert sorted(path.name for path in folder.iterdir()) == REPORT_FILES[:-1]


def test_a_model_that_finds_nothing_has_a_report(web: _Web, data: Path, tmp_path: Path) -> None:
    """All figures are 0 or missing."""
    web.boxes = {name: [] for name in web.boxes}

    report = _everything(web, data, tmp_path / "report")

    assert report["map"] == 0.0
    assert report["figures"][0]["overall"]["precision"] is None
    assert report["figures"][0]["overall"]["fn"] == 3


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--scan-lines", "bars"], "'bars' is no category of the data set; it has 'qr_code', "),
        (["--report", "DATA"], "holds something that is no report (images)"),
        (["--report", "DATA/instances.json"], "is no folder"),
        (["--via", "direct"], "No model 'codes' is installed in"),
    ],
)
def test_what_cannot_be_done_is_said_before_the_work(
    *,
    web: _Web,
    data: Path,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    complaint: str,
) -> None:
    """In one sentence; no picture has been looked at."""
    web.boxes = {}

    code = _evaluate(web, data, *(option.replace("DATA", str(data)) for option in options))

    captured = capsys.readouterr()
    assert (code, captured.out) == (1, "")
    assert len(captured.err.splitlines()) == 1
    assert complaint in captured.err


def test_labels_of_another_world_are_one_sentence(
    web: _Web, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also where only the answers tell what the model knows."""
    web.boxes = {name: [("person", 0.9, (0, 0, 9, 9))] for name in web.boxes}

    code = _evaluate(web, data, "--report", str(tmp_path / "report"))

    assert code == 1
    assert "'person', are no categories of the data set" in capsys.readouterr().err
    assert not (tmp_path / "report").exists()


def test_a_picture_that_cannot_be_read_is_named(
    web: _Web, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The tools read the files here."""
    (data / "images" / "bars.jpg").write_bytes(b"no picture")

    code = _evaluate(web, data, "--compare", "opencv", "--report", str(tmp_path / "report"))

    assert code == 1
    assert "bars.jpg" in capsys.readouterr().err
    assert not (tmp_path / "report").exists()


def test_pictures_without_any_box_are_one_sentence(
    web: _Web, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """There is nothing to measure."""
    _write(data, ["empty.jpg"], ["qr_code"], [])

    code = _evaluate(web, data)

    assert code == 1
    assert "no box that a model could find" in capsys.readouterr().err


@pytest.mark.parametrize("threshold", ["-0.1", "1.1", "nan", "x", ""])
def test_a_threshold_that_is_no_score_is_wrong_usage(web: _Web, data: Path, threshold: str) -> None:
    """Scores lie between 0 and 1."""
    with pytest.raises(SystemExit) as stopped:
        _evaluate(web, data, f"--threshold={threshold}")

    assert stopped.value.code == 2


@pytest.mark.browser
def test_the_page_shows_its_pictures(web: _Web, data: Path, tmp_path: Path, page: Page) -> None:
    """Every picture loads, markup in names is text, and nothing is wider than the page."""
    _everything(web, data, tmp_path / "report")

    page.goto((tmp_path / "report" / "report.html").as_uri())

    assert page.locator("h1").inner_text() == "codes on made & measured"
    assert page.title() == "codes on made & measured: evaluation"
    assert page.locator(".note").first.inner_text() == "Made <b>here</b>."
    assert page.get_by_role("rowheader", name=ODD, exact=True).count() >= 2
    assert page.locator("script, i").count() == 0
    widths = page.evaluate("[...document.images].map(image => image.naturalWidth)")
    assert len(widths) == 3
    assert min(widths) > 100


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_a_small_screen(
    *, web: _Web, data: Path, tmp_path: Path, chromium: Browser, scheme: Any
) -> None:
    """Wide tables scroll by themselves, in light and dark."""
    _everything(web, data, tmp_path / "report")
    context = chromium.new_context(viewport={"width": 380, "height": 800}, color_scheme=scheme)
    page = context.new_page()

    page.goto((tmp_path / "report" / "report.html").as_uri())
    width = page.evaluate("document.documentElement.scrollWidth")
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    context.close()

    assert width == 380
    assert paper == {"light": "rgb(245, 246, 242)", "dark": "rgb(14, 20, 18)"}[scheme]
