"""The live page, and the address that its frames go to."""

import logging
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from serving_client import (
    DeadlineExceededError,
    InvalidArgumentError,
    NotFoundError,
    ResourceExhaustedError,
    RpcError,
    UnavailableError,
)
from webapp import Settings, create_app
from webapp.access.form_tokens import HEADER, token_of
from webapp.services import EXTENSION
from webapp.telemetry.frame_log import FrameLog
from webapp.testing import FakeModelServer, install_classifier, install_model

FRAMES = "/live/frames"
ELSEWHERE = {"REMOTE_ADDR": "192.0.2.7"}
TIMEOUT_S = 30


@pytest.fixture
def post(web: FlaskClient, photo: bytes) -> Callable[..., TestResponse]:
    """A function that sends a frame as the page's script does."""

    def send(
        data: bytes = photo, content_type: str = "image/jpeg", **query: str | int
    ) -> TestResponse:
        return web.post(
            FRAMES,
            data=data,
            content_type=content_type,
            query_string=query,
            headers={"Accept": "application/json"},
        )

    return send


@contextmanager
def another_app(
    settings: Settings, model_server: FakeModelServer, **changes: Any
) -> Iterator[Flask]:
    """The application with other settings."""
    app = create_app(replace(settings, **changes), client=model_server.client())
    yield app
    app.extensions[EXTENSION].close()


def test_frame_is_answered_with_boxes(post: Callable[..., TestResponse]) -> None:
    """Each object has its name, score and colour, and its box in fractions of the frame."""
    answer = post(model="toy", threshold="0.5", sequence=7)

    document = answer.get_json()
    assert answer.status_code == 200
    assert (document["sequence"], document["model"], document["version"]) == (7, "toy", 3)
    assert (document["width"], document["height"]) == (640, 480)
    best = document["detections"][0]
    assert best["label"] == "dog"
    assert best["score"] == pytest.approx(0.9, abs=1e-4)
    assert best["colour"] == "#e28500"
    assert best["box"] == pytest.approx([0.0, 0.1, 0.5, 0.9], abs=1e-4)
    assert document["timings_ms"]["total"] >= document["timings_ms"]["serve"]


def test_slider_can_go_down_without_asking_again(post: Callable[..., TestResponse]) -> None:
    """An answer also has what is below the threshold, from the floor of scores up."""
    labels = [each["label"] for each in post(threshold="0.8").get_json()["detections"]]

    assert labels == ["dog", "person", "cat"]


def test_nothing_of_a_frame_is_kept(
    post: Callable[..., TestResponse], web: FlaskClient, files: Callable[[], list[Path]]
) -> None:
    """Neither a file nor a row is left."""
    post()

    assert files() == []
    assert web.get("/api/v1/results").get_json()["results"] == []


@pytest.mark.parametrize(
    ("query", "status"),
    [({"model": "none"}, 422), ({"model": "namer"}, 409), ({"threshold": "much"}, 422)],
)
def test_wrong_field_is_a_sentence(
    post: Callable[..., TestResponse], settings: Settings, *, query: dict[str, str], status: int
) -> None:
    """A model that is none, one that finds no objects, and a threshold that is no number."""
    install_classifier(settings.model_repository, "namer")

    answer = post(**query)

    assert answer.status_code == status
    assert answer.get_json()["detail"].endswith(".")


@pytest.mark.parametrize(
    ("data", "content_type", "status"),
    [
        (b"", "image/jpeg", 400),
        (b"text", "image/jpeg", 415),
        (b"\xff\xd8\xff\xe0 cut off", "image/jpeg", 422),
        (b"text", "text/plain", 415),
        (b"x" * 300_001, "image/jpeg", 413),
    ],
)
def test_what_is_no_frame_is_refused(
    post: Callable[..., TestResponse], *, data: bytes, content_type: str, status: int
) -> None:
    """Whatever else comes instead of a picture is told apart, in a sentence."""
    answer = post(data, content_type)

    assert answer.status_code == status
    assert answer.get_json()["detail"].endswith(".")


@pytest.mark.parametrize(
    ("failure", "status", "kind"),
    [
        (UnavailableError, 503, "unreachable"),
        (DeadlineExceededError, 504, "too_slow"),
        (NotFoundError, 503, "not_served"),
        (ResourceExhaustedError, 503, "overloaded"),
        (InvalidArgumentError, 502, "broken_answer"),
    ],
)
def test_model_server_s_failures_are_told_apart(
    post: Callable[..., TestResponse],
    model_server: FakeModelServer,
    failure: type[RpcError],
    status: int,
    kind: str,
) -> None:
    """The page is told whether waiting helps, and nothing about a picture that was kept."""
    model_server.failure = failure

    answer = post()

    assert (answer.status_code, answer.get_json()["kind"]) == (status, kind)
    assert "kept" not in answer.text


def test_frames_leave_a_place_for_uploads(
    settings: Settings, model_server: FakeModelServer, photo: bytes
) -> None:
    """However many live pictures there are, an upload does not wait behind them all."""
    arrived, go_on = Event(), Event()

    def hold() -> None:
        arrived.set()
        assert go_on.wait(TIMEOUT_S)

    limits = {"recognitions_max": 2, "recognitions_waiting_max": 0}
    with another_app(settings, model_server, **limits) as app, ThreadPoolExecutor(1) as pool:
        live = app.extensions[EXTENSION].live_frames
        model_server.on_predict = hold
        first = pool.submit(live.look, photo, model_name=None, threshold=None)
        assert arrived.wait(TIMEOUT_S)
        model_server.on_predict = lambda: None
        second = app.test_client().post(
            "/api/v1/detections", data=photo, headers={"Content-Type": "image/jpeg"}
        )
        third = _frame(app, photo)
        go_on.set()

        assert second.status_code == 201
        assert (third.status_code, third.get_json()["kind"]) == (503, "busy")
        assert first.result(TIMEOUT_S).detections


def _frame(app: Flask, photo: bytes, **options: Any) -> TestResponse:
    """What becomes of a frame that a page of this application sends."""
    web = app.test_client()
    web.set_cookie("sightline", "s" * 43)
    headers = {"Accept": "application/json", HEADER: token_of("s" * 43)}
    return web.post(FRAMES, data=photo, content_type="image/jpeg", headers=headers, **options)


def test_frames_are_counted_by_themselves(
    settings: Settings, model_server: FakeModelServer, photo: bytes
) -> None:
    """A stream is neither held up by the limit on changes, nor does it use that up."""
    limits = {"requests_per_minute": 3, "changes_per_minute": 2, "frames_per_minute": 5}
    with another_app(settings, model_server, **limits) as app:
        statuses = [_frame(app, photo, environ_base=ELSEWHERE).status_code for _ in range(6)]
        upload = app.test_client().post(
            "/api/v1/detections",
            data=photo,
            headers={"Content-Type": "image/jpeg"},
            environ_base=ELSEWHERE,
        )

    assert statuses == [200] * 5 + [429]
    assert upload.status_code == 201


def test_too_many_frames_are_told_when_to_go_on(
    settings: Settings, model_server: FakeModelServer, photo: bytes
) -> None:
    """A page that is too fast gets a sentence and a time, as every other answer to it."""
    with another_app(settings, model_server, frames_per_minute=1) as app:
        _frame(app, photo, environ_base=ELSEWHERE)
        answer = _frame(app, photo, environ_base=ELSEWHERE)

    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert "You may ask again" in answer.get_json()["detail"]


def test_frames_need_the_token_of_a_page(web: FlaskClient, photo: bytes) -> None:
    """Another site's page cannot have a browser send frames."""
    answer = web.post(
        FRAMES,
        data=photo,
        content_type="image/jpeg",
        headers={HEADER: "another", "Accept": "application/json"},
    )

    assert answer.status_code == 403
    assert answer.get_json()["detail"]


def test_only_this_page_may_ask_for_the_camera(web: FlaskClient) -> None:
    """The camera is for the live page, and for this site; everything else stays closed."""
    live, form = web.get("/live").headers, web.get("/").headers

    assert live["Permissions-Policy"].startswith("camera=(self), ")
    assert form["Permissions-Policy"].startswith("camera=(), ")
    for policy in (live["Permissions-Policy"], form["Permissions-Policy"]):
        assert "microphone=()" in policy
        assert "geolocation=()" in policy


def test_page_offers_detectors_alone(web: FlaskClient, settings: Settings) -> None:
    """Models that name whole pictures draw no boxes, so they are not offered."""
    install_classifier(settings.model_repository, "namer")
    install_model(settings.model_repository, "careful", rank=99)

    page = web.get("/live?model=careful").text

    assert 'value="toy"' in page
    assert 'value="namer"' not in page
    assert re.search(r'value="careful"[^>]* selected>', page)


def test_page_without_a_model_says_how_to_get_one(web: FlaskClient, settings: Settings) -> None:
    """Without a detector the page has a command instead of a camera."""
    (settings.model_repository / "toy" / "model.toml").unlink()

    page = web.get("/live").text

    assert "No model for objects is installed" in page
    assert "<code>make models</code>" in page


def test_page_without_scripts_has_a_way_on(web: FlaskClient) -> None:
    """Without JavaScript a sentence says so, and the form for pictures is a link away."""
    page = web.get("/live").text

    assert "This page needs JavaScript" in page
    assert 'href="/">send a picture</a>' in page


def test_frames_do_not_flood_the_log(
    post: Callable[..., TestResponse], caplog: pytest.LogCaptureFixture
) -> None:
    """Frames have no lines of their own unless somebody debugs."""
    with caplog.at_level(logging.INFO, "webapp.access"):
        for _ in range(5):
            post()

    assert [record for record in caplog.records if record.name == "webapp.access"] == []


def test_frames_do_not_count_as_traffic(
    post: Callable[..., TestResponse], web: FlaskClient
) -> None:
    """The status page shows how people are served, not how many frames a camera sent."""
    before = web.get("/status").text
    for _ in range(5):
        post()
    after = web.get("/status").text

    def count(page: str) -> int:
        return int(page.split('class="tally__number">')[1].split("<", 1)[0])

    assert count(after) == count(before) + 1


def test_frames_are_summed_up_in_a_line(caplog: pytest.LogCaptureFixture) -> None:
    """Once a minute there is a line, with what became of the frames since the last one."""
    now_s = [0.0]
    log = FrameLog(every_s=60, clock=lambda: now_s[0])

    with caplog.at_level(logging.INFO, "webapp.frames"):
        for second in range(61):
            now_s[0] = float(second)
            log.note(503 if second == 5 else 200, 20.0)
        log.close()
        log.close()

    assert [record.getMessage() for record in caplog.records] == [
        "60 frames in 59 s: 59 with 200, 1 with 503; median 20.0 ms",
        "1 frame in 0 s: 1 with 200; median 20.0 ms",
    ]
