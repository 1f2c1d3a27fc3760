"""Looks by the API of which nothing is kept."""

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from serving_client import DeadlineExceededError, RpcError, UnavailableError
from webapp.services import parts_of
from webapp.testing import FakeModelServer, install_classifier

Send = Callable[..., TestResponse]
GLANCES = "/api/v1/glances"


def test_glance_is_answered_and_nothing_is_kept(
    app: Flask, web: FlaskClient, send: Send, photo: bytes, files: Callable[[], list[Path]]
) -> None:
    """A form or a body, with a model and a threshold, and neither a file nor a row afterwards."""
    form = send(to=GLANCES, threshold="0.7")
    body = web.post(f"{GLANCES}?threshold=0.7", data=photo, content_type="image/jpeg")

    assert form.status_code == body.status_code == 200
    assert form.get_json()["detections"] == body.get_json()["detections"]
    assert [each["label"] for each in form.get_json()["detections"]] == ["dog"]
    assert set(form.get_json()) == {"width", "height", "model", "detections", "timings_ms"}
    assert files() == []
    assert parts_of(app).results.counts().results == 0


def test_classifiers_can_glance(send: Send, tmp_path: Path) -> None:
    """A model of any kind may be asked."""
    install_classifier(tmp_path / "models", "namer")

    answer = send(to=GLANCES, model="namer").get_json()

    assert "detections" not in answer
    assert answer["classes"]


@pytest.mark.parametrize(
    ("error", "status"), [(UnavailableError, 503), (DeadlineExceededError, 504)]
)
def test_glance_without_an_answer_does_not_claim_to_be_kept(
    send: Send, model_server: FakeModelServer, error: type[RpcError], status: int
) -> None:
    """The problem says that nothing was kept, and offers no address to ask again."""
    model_server.failure = error

    answer = send(to=GLANCES)

    assert answer.status_code == status
    assert answer.get_json()["kept"] == "Nothing was kept."
    assert "retry" not in answer.get_json()


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"data": b"no picture"}, 415),
        ({"model": "unknown"}, 422),
        ({"threshold": "high"}, 422),
        ({"name": "notes.txt"}, 415),
    ],
)
def test_glance_at_something_else_is_refused(
    send: Send, fields: dict[str, str | bytes], status: int
) -> None:
    """As uploads are."""
    assert send(to=GLANCES, **fields).status_code == status
