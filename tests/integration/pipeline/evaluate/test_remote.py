"""Models behind a server, as an evaluation reaches them."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import grpc
import numpy as np
import pytest

from pipeline.evaluate.detector import FoundBox
from pipeline.evaluate.remote import GrpcDetector, WebDetector
from pipeline.exceptions import EvaluationError
from serving_client import ModelRef, ServingClient, Target, TransportError
from serving_client.testing import FakeTransport, PredictAnswer, PredictCall
from vision import DetectionOutputs, InputSpec, Labels, ModelCard, Resize, encode_jpeg

CARD = ModelCard(
    name="ssd",
    title="SSD",
    task="detection",
    summary="Finds dogs",
    licence="Apache-2.0",
    source_url="http://models.invalid",
    archive_sha256="0" * 64,
    rank=1,
    threshold=0.5,
    input=InputSpec("serving_default", "pixels", "uint8", Resize("stretch", 30, 20)),
    outputs=DetectionOutputs("boxes", "scores", "classes"),
)
DOG = FoundBox("dog", 0.25, (50.0, 0.0, 200.0, 50.0))
Answer = Callable[[PredictCall], PredictAnswer]


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A photograph of 200 x 100 pixels."""
    path = tmp_path / "photo.jpg"
    path.write_bytes(encode_jpeg(np.zeros((100, 200, 3), dtype=np.uint8)))
    return path


def _one_dog(_: PredictCall) -> PredictAnswer:
    outputs = {
        "boxes": np.array([[[0.0, 0.25, 0.5, 1.0]]], dtype=np.float32),
        "scores": np.array([[0.25]], dtype=np.float32),
        "classes": np.array([[18.0]], dtype=np.float32),
    }
    return PredictAnswer(outputs, ModelRef("ssd", 7))


def _detector(answer: Answer) -> tuple[GrpcDetector, FakeTransport]:
    transport = FakeTransport({"Predict": answer})
    client = ServingClient(
        Target.parse("test:1"), transport=transport, check_inputs=False, sleep=lambda _: None
    )
    return GrpcDetector(client, CARD, Labels({18: "dog"})), transport


def test_a_model_server_gets_pictures_as_the_web_application_sends_them(picture: Path) -> None:
    """Shrunk as the card says; boxes come back in pixels of the original, below any threshold."""
    sent: list[PredictCall] = []

    def answer(call: PredictCall) -> PredictAnswer:
        sent.append(call)
        return _one_dog(call)

    detector, transport = _detector(answer)
    found = detector.detect(picture)
    detector.close()

    assert found == [DOG]
    assert detector.version == 7
    assert np.asarray(sent[0].inputs["pixels"]).shape == (1, 20, 30, 3)
    assert transport.closed


def test_a_model_server_that_fails_is_one_sentence(picture: Path) -> None:
    """Model, picture and cause are named."""

    def answer(_: PredictCall) -> PredictAnswer:
        raise TransportError(grpc.StatusCode.NOT_FOUND, "Servable not found")

    detector, _ = _detector(answer)

    with pytest.raises(EvaluationError, match=r"ssd fails with .*photo\.jpg: .*NOT_FOUND"):
        detector.detect(picture)


@pytest.mark.parametrize("content", [b"", b"no picture"])
def test_a_file_that_is_no_picture_is_one_sentence(picture: Path, content: bytes) -> None:
    """A bad file in a data set is named."""
    picture.write_bytes(content)
    detector, _ = _detector(_one_dog)

    with pytest.raises(EvaluationError, match=r"fails with .*photo\.jpg: "):
        detector.detect(picture)


class _Web(HTTPServer):
    """Answers every upload alike, and remembers them."""

    answer: tuple[int, bytes] = (200, b"")

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _WebHandler)
        self.uploads: list[tuple[str, bytes]] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class _WebHandler(BaseHTTPRequestHandler):
    server: _Web

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.uploads.append((self.path, body))
        status, answer = self.server.answer
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def web() -> Iterator[_Web]:
    """A stand-in for the web application."""
    with _Web() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_the_web_application_gets_the_file_as_it_is(web: _Web, picture: Path) -> None:
    """Uploaded with its name, its model and a threshold that hides nothing."""
    box = {"x_min": 50, "y_min": 0, "x_max": 200, "y_max": 50.0}
    body = {
        "id": "x",
        "model": {"name": "ssd", "version": 7},
        "detections": [{"label": "dog", "score": 0.25, "box": box}],
    }
    web.answer = (201, json.dumps(body).encode())
    detector = WebDetector(web.url + "/", "ssd")

    found = detector.detect(picture)
    detector.close()

    path, upload = web.uploads[0]
    assert found == [DOG]
    assert detector.version == 7
    assert path == "/api/v1/detections"
    assert b'name="image"; filename="photo.jpg"' in upload
    assert picture.read_bytes() in upload
    assert b'name="model"\r\n\r\nssd\r\n' in upload
    assert b'name="threshold"\r\n\r\n0\r\n' in upload


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        ((503, b'{"error": "no server"}'), r"answers 503 to .*photo\.jpg: .*no server"),
        ((200, b"<html>"), "answers in another form"),
        ((200, b"[]"), "answers in another form"),
        ((200, b'{"model": {"version": 1}, "detections": [{}]}'), "answers in another form"),
    ],
)
def test_a_web_application_that_fails_is_one_sentence(
    web: _Web, picture: Path, answer: tuple[int, bytes], complaint: str
) -> None:
    """Status, or that the answer is not understood, with the address."""
    web.answer = answer
    detector = WebDetector(web.url, "ssd")

    with pytest.raises(EvaluationError, match=complaint):
        detector.detect(picture)

    detector.close()


def test_a_web_application_that_is_down_is_one_sentence(
    free_port: Callable[[], int], picture: Path
) -> None:
    """No connection is told from a bad answer."""
    detector = WebDetector(f"http://127.0.0.1:{free_port()}", "ssd")

    with pytest.raises(EvaluationError, match="does not answer"):
        detector.detect(picture)
