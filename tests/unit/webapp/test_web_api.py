"""The JSON API."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from serving_client import UnavailableError
from webapp import Settings
from webapp.testing import FakeModelServer, install_model

Send = Callable[..., TestResponse]
DETECTIONS = "/api/v1/detections"


def test_form_is_answered_in_the_promised_form(send: Send) -> None:
    """A form with a picture, a model and a threshold is answered with boxes in pixels."""
    answer = send(to=DETECTIONS, model="toy", threshold="0.7")

    document = answer.get_json()
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"{DETECTIONS}/{document['id']}"
    assert set(document) == {
        "id", "image_name", "width", "height", "model", "detections", "timings_ms",
    }  # fmt: skip
    assert document["image_name"] == "dog.jpg"
    assert document["model"] == {"name": "toy", "version": 3}
    assert [set(each) for each in document["detections"]] == [{"label", "class_id", "score", "box"}]
    assert document["detections"][0]["label"] == "dog"
    assert document["detections"][0]["score"] == pytest.approx(0.9)
    assert document["detections"][0]["box"] == pytest.approx(
        {"x_min": 0, "y_min": 48, "x_max": 320, "y_max": 432}
    )
    times = document["timings_ms"]
    parts = ("decode", "store", "encode", "serve", "parse")
    assert sum(times[part] for part in parts) <= times["total"] + 0.01


def test_body_is_answered_like_a_form(
    web: FlaskClient, send: Send, photo: bytes, png: Callable[[int, int], bytes]
) -> None:
    """A picture as the body, of either type and under any name, needs no form."""
    form = send(to=DETECTIONS, threshold="0.2").get_json()

    jpeg = web.post(
        DETECTIONS,
        data=photo,
        content_type="image/jpeg",
        query_string={"model": "toy", "threshold": "0.2", "name": "../cam 1"},
    )
    mislabelled = web.post(DETECTIONS, data=png(20, 10), content_type="image/jpeg")

    assert jpeg.status_code == mislabelled.status_code == 201
    assert jpeg.get_json()["detections"] == form["detections"]
    assert len(form["detections"]) == 3
    assert jpeg.get_json()["image_name"] == "cam 1"
    assert mislabelled.get_json()["image_name"] == "picture"


def test_result_can_be_read_again(web: FlaskClient, send: Send) -> None:
    """A result's address sends the same document, or as much of it as a threshold leaves."""
    made = send(to=DETECTIONS)

    same = web.get(made.headers["Location"])
    fewer = web.get(made.headers["Location"], query_string={"threshold": "0.7"})

    assert same.get_json() == made.get_json()
    assert [each["label"] for each in fewer.get_json()["detections"]] == ["dog"]


def test_low_threshold_keeps_what_the_floor_would_drop(web: FlaskClient, send: Send) -> None:
    """Who asks for everything gets everything the model said."""
    everything = send(to=DETECTIONS, threshold="0").get_json()
    above_floor = send(to=DETECTIONS).headers["Location"]

    rest = web.get(above_floor, query_string={"threshold": "0"}).get_json()

    assert [each["label"] for each in everything["detections"]] == ["dog", "person", "cat", "car"]
    assert [each["label"] for each in rest["detections"]] == ["dog", "person", "cat"]


BAD_BODIES = [
    pytest.param(b"", "image/jpeg", {}, 400, id="no bytes"),
    pytest.param(b"\xff\xd8\xff\xe0", "image/jpeg", {}, 422, id="truncated"),
    pytest.param(b"text", "image/png", {}, 415, id="text"),
    pytest.param(b"\xff\xd8\xff\xe0" * 100_000, "image/jpeg", {}, 413, id="too many bytes"),
    pytest.param(None, "", {}, 415, id="no content type"),
    pytest.param(None, "text/plain", {}, 415, id="wrong content type"),
    pytest.param(None, "application/json", {}, 415, id="json"),
    pytest.param(None, "multipart/form-data; boundary=x", {}, 400, id="broken form"),
    pytest.param(None, "image/jpeg", {"threshold": "NaN"}, 422, id="threshold NaN"),
    pytest.param(None, "image/jpeg", {"threshold": "2"}, 422, id="threshold 2"),
    pytest.param(None, "image/jpeg", {"model": "other"}, 422, id="unknown model"),
]


@pytest.mark.parametrize(("body", "content_type", "query", "status"), BAD_BODIES)
def test_bad_request_is_a_problem_document(
    web: FlaskClient,
    photo: bytes,
    files: Callable[[], list[Path]],
    *,
    body: bytes | None,
    content_type: str,
    query: dict[str, str],
    status: int,
) -> None:
    """What cannot be accepted is a 4xx problem with a sentence, and nothing is kept."""
    data = photo if body is None else body

    answer = web.post(DETECTIONS, data=data, content_type=content_type, query_string=query)

    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    document = answer.get_json(force=True)
    assert document["status"] == status
    assert document["detail"].endswith(".")
    assert document["reference"] == answer.headers["X-Request-Id"]
    assert files() == []


def test_form_checks_the_file_name(send: Send) -> None:
    """A file name in a form must be that of a picture, as on the page."""
    answer = send(to=DETECTIONS, name="dog.bmp")

    assert answer.status_code == 415
    assert answer.get_json(force=True)["title"] == "Not a picture file"


def test_failed_detection_carries_its_id_and_its_retry(
    web: FlaskClient, send: Send, model_server: FakeModelServer
) -> None:
    """A picture without an answer is kept; the problem has its id and the way to ask again."""
    model_server.failure = UnavailableError
    failed = send(to=DETECTIONS)
    problem = failed.get_json(force=True)

    read = web.get(f"{DETECTIONS}/{problem['id']}")
    again = web.post(problem["retry"])
    model_server.failure = None
    answered = web.post(problem["retry"])

    assert failed.status_code == read.status_code == again.status_code == 503
    assert failed.headers["Retry-After"] == "10"
    assert failed.mimetype == "application/problem+json"
    assert answered.status_code == 200
    assert answered.get_json()["id"] == problem["id"]
    assert len(answered.get_json()["detections"]) == 2


def test_models_are_listed_with_the_default_one_first(web: FlaskClient, settings: Settings) -> None:
    """A program can see what there is and which one it gets by default."""
    install_model(settings.model_repository, "better", rank=1, threshold=0.35)

    models = web.get("/api/v1/models").get_json()["models"]

    assert [(each["name"], each["default"]) for each in models] == [
        ("better", True),
        ("toy", False),
    ]
    assert [each["bundled"] for each in models] == [False, False]
    assert models[0]["threshold"] == 0.35
    assert models[0]["task"] == "detection"


def test_no_model_is_unavailable(web: FlaskClient, send: Send, settings: Settings) -> None:
    """Without a model the API says which command installs one."""
    (settings.model_repository / "toy" / "labels.txt").unlink()

    answer, models = send(to=DETECTIONS), web.get("/api/v1/models")

    assert answer.status_code == 503
    assert "make models" in answer.get_json(force=True)["detail"]
    assert models.get_json() == {"models": []}


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [("/api/v1/nothing", "GET", 404), (DETECTIONS, "GET", 405), (f"{DETECTIONS}/x", "POST", 405)],
)
def test_unknown_address_is_a_problem_document(
    web: FlaskClient, path: str, method: str, status: int
) -> None:
    """Below /api even an unknown address answers in JSON."""
    answer = web.open(path, method=method)

    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"


def test_first_of_two_pictures_is_taken(web: FlaskClient, photo: bytes) -> None:
    """A form with the field twice is answered for its first file."""
    form = {"image": [(BytesIO(photo), "one.jpg"), (BytesIO(photo), "two.jpg")]}

    answer = web.post(DETECTIONS, data=form, content_type="multipart/form-data")

    assert answer.get_json()["image_name"] == "one.jpg"
