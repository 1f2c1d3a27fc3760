"""What holds for every request: its id, its log line, its headers, and where it comes from."""

import logging
import sqlite3
from contextlib import closing

import pytest
from flask.testing import FlaskClient

from serving_client import DeadlineExceededError, NotFoundError, RpcError, UnavailableError
from webapp import Settings
from webapp.http.request_id import RequestIdFilter, begin_request, request_id
from webapp.testing import FakeModelServer


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://localhost.evil.example"}, 403),
        ({"Origin": "http://localhost:81"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 415),
        ({"Sec-Fetch-Site": "none"}, 415),
        ({"Origin": "http://localhost"}, 415),
        ({}, 415),
    ],
)
def test_other_sites_cannot_post(web: FlaskClient, headers: dict[str, str], status: int) -> None:
    """A post from another site's page goes no further; ours and programs' are read."""
    assert web.post("/", headers=headers).status_code == status
    assert web.post("/api/v1/detections", headers=headers).status_code == status


def test_reading_is_open_to_links_from_anywhere(web: FlaskClient) -> None:
    """A link on another site leads to a page."""
    assert web.get("/", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200


@pytest.mark.parametrize("given", ["short", "x" * 65, "evil\tid-12345", "ümlaut-12345"])
def test_strange_request_id_is_replaced(web: FlaskClient, given: str) -> None:
    """A given id that could do harm in a log or a header is not taken."""
    answer = web.get("/", headers={"X-Request-Id": given})

    assert answer.headers["X-Request-Id"] != given


def test_request_id_of_a_proxy_is_taken(web: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    """The id that a proxy gave is in the answer and in the log line."""
    caplog.handler.addFilter(RequestIdFilter())

    with caplog.at_level(logging.INFO, "webapp.access"):
        answer = web.get("/no%0Awhere", headers={"X-Request-Id": "proxy-12345"})

    assert answer.headers["X-Request-Id"] == "proxy-12345"
    record = caplog.records[-1]
    assert record.__dict__["request_id"] == "proxy-12345"
    assert record.getMessage().startswith(r"GET /no\nwhere 404 ")


def test_each_request_has_its_own_id() -> None:
    """No two requests share an id that was made here."""
    begin_request(None)
    first = request_id()
    begin_request(None)

    assert request_id() != first


def test_log_line_names_the_model(
    web: FlaskClient, photo: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """The line of a detection says which model it was for and how long it took."""
    with caplog.at_level(logging.INFO, "webapp.access"):
        web.post("/api/v1/detections", data=photo, content_type="image/jpeg")

    line = caplog.records[-1].getMessage()
    assert line.startswith("POST /api/v1/detections 201 ")
    assert line.endswith(" ms model=toy")


def test_process_is_alive_whatever_the_server_does(
    web: FlaskClient, model_server: FakeModelServer
) -> None:
    """Liveness is about this process alone."""
    model_server.failure = UnavailableError

    assert web.get("/healthz").get_json() == {"status": "ok"}


def test_ready_with_a_model_that_is_available(
    web: FlaskClient, model_server: FakeModelServer, settings: Settings
) -> None:
    """With everything in place the answer is ready, asked within the time allowed."""
    answer = web.get("/readyz")

    assert answer.status_code == 200
    assert answer.get_json() == {"status": "ready", "reasons": []}
    assert 0 < model_server.transport.timeouts_s[0] <= settings.ready_timeout_s


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (UnavailableError, "The model server does not answer"),
        (DeadlineExceededError, "The model server does not answer"),
        (NotFoundError, "none of the installed models"),
    ],
)
def test_not_ready_without_a_model_server(
    web: FlaskClient, model_server: FakeModelServer, error: type[RpcError], reason: str
) -> None:
    """A model server that is away, or has other models, is a reason against being ready."""
    model_server.failure = error

    answer = web.get("/readyz")

    assert answer.status_code == 503
    assert reason in answer.get_json()["reasons"][0]


def test_not_ready_without_a_model(web: FlaskClient, settings: Settings) -> None:
    """A repository without models is a reason, and names the command."""
    (settings.model_repository / "toy" / "model.toml").unlink()

    assert "make models" in web.get("/readyz").get_json()["reasons"][0]


def test_not_ready_without_a_database(web: FlaskClient, settings: Settings) -> None:
    """A database whose table is gone is a reason."""
    with closing(sqlite3.connect(settings.database_url.removeprefix("sqlite:///"))) as database:
        database.execute("DROP TABLE result")

    answer = web.get("/readyz")

    assert answer.status_code == 503
    assert "database" in answer.get_json()["reasons"][0]
