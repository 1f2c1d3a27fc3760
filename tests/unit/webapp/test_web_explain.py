"""Why a classifier named a picture so: heat maps as layers, as pictures and as JSON."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.test import TestResponse

from serving_client import (
    DeadlineExceededError,
    InvalidArgumentError,
    NotFoundError,
    RpcError,
    UnavailableError,
)
from serving_client.testing import PredictCall
from webapp import Settings
from webapp.testing import FakeModelServer, install_classifier

Send = Callable[..., TestResponse]
CLASSIFICATIONS = "/api/v1/classifications"


@pytest.fixture
def result_id(send: Send, settings: Settings) -> str:
    """The id of a picture that the model "namer" thinks is a tabby."""
    install_classifier(settings.model_repository, "namer")
    return str(send(to=CLASSIFICATIONS).get_json()["id"])


def questions(model_server: FakeModelServer) -> list[PredictCall]:
    calls = (each for each in model_server.transport.calls if isinstance(each, PredictCall))
    return [call for call in calls if call.model.signature == "grad_cam"]


def test_layer_is_as_wide_as_the_picture_and_hot_where_the_model_looked(
    web: FlaskClient, result_id: str
) -> None:
    """The layer has the picture's proportions, and can be seen only where there is heat."""
    answer = web.get(f"/results/{result_id}/heat_map.png")

    layer = Image.open(BytesIO(answer.data))
    assert answer.mimetype == "image/png"
    assert (layer.size, layer.mode) == ((640, 480), "RGBA")
    alpha = np.asarray(layer)[..., 3]
    rows, columns = np.nonzero(alpha > 200)
    # The hot cell is the third of seven across, and the second down.
    assert 2 / 7 <= columns.mean() / 640 <= 3 / 7
    assert 1 / 7 <= rows.mean() / 480 <= 2 / 7
    assert alpha[240:, 320:].max() == 0


def test_layer_is_upright(web: FlaskClient, send: Send, photo: bytes, result_id: str) -> None:
    """Of a picture that was taken sideways the layer stands as the picture does."""
    del result_id
    exif = Image.Exif()
    exif[0x0112] = 6
    file = BytesIO()
    Image.open(BytesIO(photo)).save(file, "JPEG", exif=exif)
    turned = send(file.getvalue(), to=CLASSIFICATIONS).get_json()["id"]

    layer = web.get(f"/results/{turned}/heat_map.png")
    picture = web.get(f"/results/{turned}/overlay.jpg")

    assert Image.open(BytesIO(layer.data)).size == (480, 640)
    assert Image.open(BytesIO(picture.data)).size == (480, 640)


def test_overlay_obeys_the_opacity(web: FlaskClient, result_id: str) -> None:
    """Without opacity the picture is as it was; with more, more of the heat shows."""

    def heat_shown(opacity: str) -> float:
        answer = web.get(f"/results/{result_id}/overlay.jpg", query_string={"opacity": opacity})
        pixels = np.asarray(Image.open(BytesIO(answer.data)), np.float64)
        return float(pixels[60:120, 210:260].mean())

    values = [heat_shown(opacity) for opacity in ("0", "0.3", "0.6", "1")]

    assert values == sorted(set(values))


def test_model_is_asked_about_the_class_in_question(
    web: FlaskClient, model_server: FakeModelServer, result_id: str
) -> None:
    """The version that answered gets the same pixels again, and the id of the class."""
    web.get(f"/results/{result_id}/heat_map.png?class_id=3")

    (call,) = questions(model_server)
    assert (call.model.name, call.model.version) == ("namer", 3)
    assert call.inputs["class_id"].tolist() == [3]
    assert call.inputs["class_id"].dtype == np.int64
    assert call.inputs["image"].shape == (1, 224, 224, 3)
    assert set(call.output_names) == {"heat_map", "class_id", "score"}


def test_model_is_asked_once_for_each_class(
    web: FlaskClient, model_server: FakeModelServer, result_id: str
) -> None:
    """Layer, picture and JSON of the best class come from one call, however it is called."""
    for address in ("heat_map.png", "overlay.jpg?class_id=0", "overlay.jpg?opacity=0.1"):
        assert web.get(f"/results/{result_id}/{address}").status_code == 200
    web.get(f"/results/{result_id}/heat_map.png?class_id=4")

    assert [call.inputs["class_id"].tolist() for call in questions(model_server)] == [[0], [4]]


def test_browser_keeps_what_it_has(web: FlaskClient, result_id: str) -> None:
    """A heat map never changes, and each class and opacity has its own."""
    kinds = ("heat_map.png", "heat_map.png?class_id=3", "overlay.jpg", "overlay.jpg?opacity=1")
    tags = {web.get(f"/results/{result_id}/{kind}").headers["ETag"] for kind in kinds}
    address = f"/results/{result_id}/heat_map.png"
    tag = web.get(address).headers["ETag"]

    again = web.get(address, headers={"If-None-Match": tag})

    assert len(tags) == 4
    assert (again.status_code, again.data) == (304, b"")


def test_explanation_is_described_as_json(web: FlaskClient, result_id: str) -> None:
    """A program learns which class it is about, how sure the model is, and where the maps are."""
    best = web.get(f"/api/v1/results/{result_id}/explanation").get_json()
    other = web.get(f"/api/v1/results/{result_id}/explanation?class_id=3").get_json()

    assert (best["class_id"], best["label"]) == (0, "tabby")
    assert best["score"] == pytest.approx(0.62)
    assert (other["label"], other["score"]) == ("macaw", pytest.approx(0.1))
    assert web.get(other["heat_map"]).mimetype == "image/png"
    assert web.get(other["overlay"]).mimetype == "image/jpeg"


BAD_FIELDS = [
    ("heat_map.png?class_id=5", "The model namer knows no class 5."),
    ("heat_map.png?class_id=-1", "The class must be a whole number, such as 281."),
    ("heat_map.png?class_id=tabby", "The class must be a whole number, such as 281."),
    ("heat_map.png?class_id=1e3", "The class must be a whole number, such as 281."),
    ("overlay.jpg?class_id=99999999999999999999", "The class must be a whole number"),
    ("overlay.jpg?opacity=2", "The opacity must be a number from 0 to 1, such as 0.6."),
    ("overlay.jpg?opacity=nan", "The opacity must be a number from 0 to 1, such as 0.6."),
    ("overlay.jpg?opacity=much", "The opacity must be a number from 0 to 1, such as 0.6."),
]


@pytest.mark.parametrize(("address", "sentence"), BAD_FIELDS)
def test_field_that_makes_no_sense_is_refused(
    web: FlaskClient, result_id: str, address: str, sentence: str
) -> None:
    """A class that the model does not know, or an opacity out of range, is told in a sentence."""
    answer = web.get(f"/results/{result_id}/{address}")

    assert answer.status_code == 422
    assert sentence in answer.text


FAILURES = [
    (UnavailableError, 503, "The model server cannot be reached at the moment."),
    (DeadlineExceededError, 504, "The model server did not answer in time."),
    (NotFoundError, 503, "Version 3 of the model namer, which gave this answer, is no longer"),
    (InvalidArgumentError, 422, "The model namer knows no class 0."),
]


@pytest.mark.parametrize(("error", "status", "sentence"), FAILURES)
def test_failing_model_server_is_a_problem(
    web: FlaskClient,
    model_server: FakeModelServer,
    result_id: str,
    *,
    error: type[RpcError],
    status: int,
    sentence: str,
) -> None:
    """A failure is told as a page and as a document, is not remembered, and loses nothing."""
    model_server.failure = error
    page = web.get(f"/results/{result_id}/heat_map.png")
    document = web.get(f"/api/v1/results/{result_id}/explanation")
    model_server.failure = None

    assert page.status_code == document.status_code == status
    assert sentence in page.text
    assert sentence in document.get_json(force=True)["detail"]
    assert document.mimetype == "application/problem+json"
    assert web.get(f"/results/{result_id}/heat_map.png").status_code == 200


def test_answer_that_is_no_heat_map_is_a_bad_gateway(
    web: FlaskClient, model_server: FakeModelServer, result_id: str
) -> None:
    """A model that answers something else is at fault, not whoever asked."""
    model_server.heat_map_hw = np.full((7, 7), np.nan, np.float32)

    answer = web.get(f"/results/{result_id}/heat_map.png")

    assert answer.status_code == 502


def test_model_that_is_gone_cannot_explain(
    web: FlaskClient, settings: Settings, result_id: str
) -> None:
    """A result of a model that was removed stays, and says why it is not explained."""
    (settings.model_repository / "namer" / "model.toml").unlink()

    gone = web.get(f"/results/{result_id}/heat_map.png")
    (settings.model_repository / "toy" / "model.toml").unlink()
    none_left = web.get(f"/results/{result_id}/heat_map.png")

    assert gone.status_code == none_left.status_code == 410
    assert "The model namer, which gave this answer, is no longer installed." in gone.text


def test_lost_original_cannot_be_explained(
    web: FlaskClient, result_id: str, files: Callable[[], list[Path]]
) -> None:
    """Without the picture there is nothing to show the model."""
    files()[0].unlink()

    assert web.get(f"/results/{result_id}/heat_map.png").status_code == 410
    assert web.get(f"/results/{result_id}/overlay.jpg").status_code == 410


def test_answer_that_cannot_be_explained_says_so(
    web: FlaskClient, send: Send, settings: Settings, model_server: FakeModelServer
) -> None:
    """Detections, models without explanations, and pictures without answer have no heat map."""
    install_classifier(settings.model_repository, "mute", explains=False)
    objects = send(to="/api/v1/detections").get_json()["id"]
    mute = send(to=CLASSIFICATIONS, model="mute").get_json()["id"]
    model_server.failure = UnavailableError
    unanswered = send(to=CLASSIFICATIONS).get_json(force=True)["id"]

    answers = [
        web.get(f"/api/v1/results/{result_id}/explanation")
        for result_id in (objects, mute, unanswered, "0" * 32)
    ]

    assert [answer.status_code for answer in answers] == [409, 409, 503, 404]
    details = [answer.get_json(force=True)["detail"] for answer in answers]
    assert details[0].startswith("This result has objects, not classes")
    assert details[1] == "The model mute cannot say what it looked at."
