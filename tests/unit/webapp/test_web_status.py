"""The status page, and what it counts."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from serving_client import DeadlineExceededError, NotFoundError, RpcError, UnavailableError
from webapp import Settings
from webapp.presentation.model_states import Standing, ask_server
from webapp.presentation.sparkline import bars, line
from webapp.presentation.traffic import MINUTES, Hour, Minute, Traffic
from webapp.testing import FakeModelServer

Send = Callable[..., TestResponse]


def test_status_shows_models_and_their_versions(send: Send, web: FlaskClient) -> None:
    """Each installed model has its state, versions and number of results."""
    send()

    page = web.get("/status").text

    assert "Pictures are being looked at." in page
    assert "Served" in page
    assert '3 <span class="hint">available' in page
    assert "1, " in page  # one original


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (UnavailableError, "The model server does not answer, so pictures are kept"),
        (DeadlineExceededError, "The model server does not answer, so pictures are kept"),
        (NotFoundError, "serves none of the installed models"),
    ],
)
def test_status_is_a_page_when_the_server_is_not_well(
    web: FlaskClient, model_server: FakeModelServer, error: type[RpcError], sentence: str
) -> None:
    """The page of all pages has to work when something else does not."""
    model_server.failure = error

    page = web.get("/status")

    assert page.status_code == 200
    assert sentence in page.text


def test_status_without_models_says_what_installs_one(web: FlaskClient, settings: Settings) -> None:
    """No model is a state like any other."""
    (settings.model_repository / "toy" / "model.toml").unlink()

    page = web.get("/status").text

    assert "No model is installed" in page
    assert "make models" in page


def test_requests_and_errors_are_counted(web: FlaskClient) -> None:
    """Pages count; files of the site and signs of life do not."""
    for path in ("/", "/nothing", "/static/css/base.css", "/healthz"):
        web.get(path)

    page = web.get("/status").text

    assert '<p class="tally__number">2</p>' in page
    assert '<p class="tally__number">0</p>' in page


def test_hour_forgets_what_is_older() -> None:
    """A minute falls out of the history after an hour, and quiet ones are in it."""
    now = [0.0]
    traffic = Traffic(clock=lambda: now[0])
    traffic.note(200, 10)
    traffic.note(503, 30)
    now[0] = 59 * 60.0
    traffic.note(404, 20)

    hour = traffic.history()
    now[0] = 60 * 60.0
    later = traffic.history()

    assert len(hour) == len(later) == MINUTES
    assert hour[0] == Minute(requests=2, errors=1, median_ms=30, slow_ms=30)
    assert hour[-1] == Minute(requests=1, errors=0, median_ms=20, slow_ms=20)
    assert later[0] == Minute(0, 0, 0.0, 0.0)


def test_quiet_hour_can_be_drawn() -> None:
    """Without any request there are bars of no height and flat lines."""
    hour = Hour.of(Traffic(clock=lambda: 0.0).history())

    assert (hour.requests, hour.errors) == (0, 0)
    assert {bar.height for bar in hour.request_bars} == {0}


@pytest.mark.parametrize("values", [[], [0], [5], [0, 0], [1, 2, 3]])
def test_charts_stay_in_their_frame(values: list[float]) -> None:
    """Whatever the values, nothing is drawn outside."""
    drawn = bars(values)
    points = [tuple(map(float, point.split(","))) for point in line(values).split()]

    assert all(0 <= bar.y <= 48 and bar.y + bar.height <= 48.01 for bar in drawn)
    assert all(0 <= x <= 240 and 0 <= y <= 48 for x, y in points)


def test_silent_server_is_asked_once() -> None:
    """After the first sign that the server is away no other model is asked for."""
    server = FakeModelServer()
    server.failure = UnavailableError

    state = ask_server(server.client(), ["one", "two", "three"], timeout_s=1.0)

    assert state.failure
    assert [model.standing for model in state.models] == [Standing.UNKNOWN] * 3
    assert len(server.transport.calls) == 1


def test_slow_server_gets_no_more_than_the_whole_time() -> None:
    """The time is for all models together; what is left without an answer is unknown."""
    times = iter([0.0, 0.5, 2.5, 2.5])

    state = ask_server(
        FakeModelServer().client(), ["one", "two"], timeout_s=2.0, clock=lambda: next(times)
    )

    assert [model.standing for model in state.models] == [Standing.SERVED, Standing.UNKNOWN]
    assert state.failure == "It did not answer for all models within 2 s."
