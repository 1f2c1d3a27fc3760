"""The JSON API of explanations of single objects, which are worked out in the background."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.test import TestResponse

from serving_client import NotFoundError, UnavailableError
from webapp import Settings
from webapp.services import parts_of
from webapp.testing import Box, FakeModelServer, install_classifier

Send = Callable[..., TestResponse]
Ask = Callable[[int], TestResponse]
WAIT_S = 30.0
WHOLE = (0.1, 0.1, 0.9, 0.9)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, explanation_masks=20, explanations_waiting_max=1)


@pytest.fixture
def result_id(send: Send, model_server: FakeModelServer) -> str:
    """The id of a picture with a dog and two persons, which depend on how bright it is."""
    made = send(to="/api/v1/detections").get_json()["id"]
    model_server.look = lambda image_hwc: [Box(18, float(image_hwc.mean()) / 255, WHOLE)]
    return str(made)


@pytest.fixture
def ask(web: FlaskClient, result_id: str) -> Ask:
    """A function that has one of the objects explained."""
    address = f"/api/v1/results/{result_id}/explanations"
    return lambda number: web.post(address, json={"detection": number})


@pytest.fixture
def finish(app: Flask, web: FlaskClient) -> Callable[[TestResponse], dict[str, Any]]:
    """A function that waits for an explanation, and returns what is said of it then."""

    def wait(asked: TestResponse) -> dict[str, Any]:
        document = asked.get_json()
        parts_of(app).detection_explainer.jobs.wait(document["id"], WAIT_S)
        ended: dict[str, Any] = web.get(asked.headers["Location"]).get_json()
        return ended

    return wait


class Gate:
    """Holds up the model server until a test opens it."""

    def __init__(self) -> None:
        self._has_been_reached = Event()
        self._is_open = Event()

    def __call__(self) -> None:
        self._has_been_reached.set()
        assert self._is_open.wait(WAIT_S)

    def open(self) -> None:
        self._is_open.set()

    def expect_somebody(self) -> None:
        assert self._has_been_reached.wait(WAIT_S)


@pytest.fixture
def gate(model_server: FakeModelServer, app: Flask, result_id: str) -> Iterator[Gate]:
    """A gate in front of the model server, open at the end."""
    del app, result_id  # are made before it, and so end after it
    gate = Gate()
    model_server.on_predict = gate
    yield gate
    gate.open()


def test_explanation_is_asked_for_watched_and_fetched(
    web: FlaskClient, ask: Ask, finish: Callable[[TestResponse], dict[str, Any]], result_id: str
) -> None:
    """The answer comes at once; the address says how far it is, and in the end where the map is."""
    asked = ask(0)

    done = finish(asked)

    assert asked.status_code == 202
    assert asked.headers["Location"] == f"/api/v1/explanations/{asked.get_json()['id']}"
    assert asked.get_json()["state"] in {"waiting", "running", "done"}
    assert (done["state"], done["progress"], done["sentence"]) == ("done", 1.0, "")
    assert (done["result"], done["detection"], done["label"]) == (result_id, 0, "dog")
    layer, overlay = web.get(done["heat_map"]), web.get(done["overlay"] + "?opacity=1")
    assert Image.open(BytesIO(layer.data)).size == (640, 480)
    assert Image.open(BytesIO(overlay.data)).size == (640, 480)
    assert overlay.mimetype == "image/jpeg"


def test_map_is_not_there_before_it_is_done(web: FlaskClient, ask: Ask, gate: Gate) -> None:
    """Until then there is progress, and the map's address says that it is too early."""
    job = ask(0).get_json()
    gate.expect_somebody()

    early = web.get(f"/explanations/{job['id']}/heat_map.png")

    assert job["heat_map"] is None
    assert early.status_code == 409
    assert early.headers["Retry-After"] == "2"


def test_explanation_can_be_cancelled(web: FlaskClient, ask: Ask, gate: Gate) -> None:
    """It is over at once, and has no map."""
    address = ask(0).headers["Location"]
    gate.expect_somebody()

    cancelled = web.delete(address)

    assert (cancelled.status_code, cancelled.data) == (204, b"")
    assert web.get(address).get_json()["state"] == "cancelled"
    assert web.get(f"{address.removeprefix('/api/v1')}/overlay.jpg").status_code == 409


def test_only_few_wait(ask: Ask, gate: Gate) -> None:
    """Beyond one that runs and one that waits, the answer is to come back later."""
    first = ask(0)
    gate.expect_somebody()

    second, third, same = ask(1), ask(2), ask(1)

    assert (first.status_code, second.status_code, third.status_code) == (202, 202, 503)
    assert third.headers["Retry-After"] == "30"
    assert same.get_json()["id"] == second.get_json()["id"]


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (UnavailableError, "The model server cannot be reached at the moment."),
        (NotFoundError, "Version 3 of the model toy, which gave this answer, is no longer being"),
    ],
)
def test_failing_model_server_fails_the_explanation(
    web: FlaskClient,
    ask: Ask,
    finish: Callable[[TestResponse], dict[str, Any]],
    model_server: FakeModelServer,
    *,
    error: type[Any],
    sentence: str,
) -> None:
    """The sentence says why; asked again when the server is back, it is worked out."""
    model_server.failure = error
    failed = finish(ask(0))
    picture = web.get(f"/explanations/{failed['id']}/heat_map.png")
    model_server.failure = None

    done = finish(ask(0))

    assert failed["state"] == "failed"
    assert failed["sentence"].startswith(sentence)
    assert picture.status_code == 503
    assert sentence in picture.text
    assert done["state"] == "done"


def test_picture_that_is_deleted_meanwhile_fails_the_explanation(
    web: FlaskClient,
    ask: Ask,
    finish: Callable[[TestResponse], dict[str, Any]],
    gate: Gate,
    result_id: str,
) -> None:
    """What waits for its turn when its result goes says so in a sentence."""
    ask(0)
    gate.expect_somebody()
    second = ask(1)
    web.delete(f"/api/v1/results/{result_id}")
    gate.open()

    ended = finish(second)

    assert ended["state"] == "failed"
    assert ended["sentence"] == "There is no result at this address."


def test_question_that_makes_no_sense_is_refused(
    web: FlaskClient,
    send: Send,
    settings: Settings,
    result_id: str,
    files: Callable[[], list[Path]],
) -> None:
    """An object that is not there, a classification, or a lost file is told at once."""
    address = f"/api/v1/results/{result_id}/explanations"
    install_classifier(settings.model_repository, "namer")
    named = send(to="/api/v1/classifications").get_json()["id"]

    bodies = [{}, {"detection": 3}, {"detection": -1}, {"detection": True}, {"detection": "0"}]
    statuses = [web.post(address, json=body).status_code for body in bodies]
    other = web.post(f"/api/v1/results/{named}/explanations", json={"detection": 0})
    for path in files():
        path.unlink()
    lost = web.post(address, json={"detection": 0})

    assert statuses == [422] * 5
    assert (other.status_code, lost.status_code) == (409, 410)


def test_unknown_explanation_is_not_found(web: FlaskClient) -> None:
    """Of an id that was never given, or is forgotten, there is nothing."""
    answers = [
        web.get("/api/v1/explanations/x"),
        web.delete("/api/v1/explanations/x"),
        web.get("/explanations/x/heat_map.png"),
        web.get("/explanations/x/overlay.jpg"),
    ]

    assert [answer.status_code for answer in answers] == [404] * 4
