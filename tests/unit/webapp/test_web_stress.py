"""Stress runs on the page: started, watched, stopped, reported, refused."""

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from serving_client import UnavailableError
from stress import InUseError, StressPlan, StressReport, Subject, Way, alone
from webapp import Settings
from webapp.access.actors import Scope
from webapp.services import parts_of
from webapp.storage.stress_reports import KEPT_MAX, StressReports
from webapp.stress.permission import is_stress_offered
from webapp.testing import FakeModelServer

WAIT_S = 60
FIELDS = {"loads": "1, 2", "step_s": "20", "count": "4"}
Start = Callable[..., TestResponse]


@pytest.fixture(autouse=True)
def own_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests beside this one, and people, may have runs of their own; nobody has to warm up."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setattr(StressPlan, "warm_up_s", 0.0)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """The fake model server has the address of another machine."""
    return replace(settings, stress="on")


@pytest.fixture
def start(web: FlaskClient, photo: bytes) -> Start:
    """A function that sends the form, with a picture, and returns the answer."""

    def post(data: bytes = photo, name: str = "parcel.jpg", **fields: str) -> TestResponse:
        form: dict[str, Any] = {**FIELDS, "image": (BytesIO(data), name), **fields}
        return web.post("/stress", data=form, content_type="multipart/form-data")

    return post


@pytest.fixture
def held(model_server: FakeModelServer) -> Iterator[threading.Event]:
    """An event for which every answer waits from the third on."""
    proceed, lock, calls = threading.Event(), threading.Lock(), [0]

    def hold() -> None:
        with lock:
            calls[0] += 1
            is_held = calls[0] > 2
        if is_held:
            proceed.wait(WAIT_S)

    model_server.on_predict = hold
    yield proceed
    proceed.set()


def wait_until_over(app: Flask, run_id: str) -> None:
    reports = parts_of(app).stress_reports
    pause, end = threading.Event(), datetime.now(UTC) + timedelta(seconds=WAIT_S)
    while reports.get(run_id).is_running:
        assert datetime.now(UTC) < end
        pause.wait(0.05)


def run_of(answer: TestResponse) -> str:
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"].rpartition("/")[2]


@pytest.mark.parametrize("way", ["site", "model_server"])
def test_run_ends_with_a_report_at_its_own_address(
    app: Flask, web: FlaskClient, start: Start, way: str, files: Callable[[], list[Path]]
) -> None:
    """Both ways show their steps, and nothing is kept of what was looked at."""
    run_id = run_of(start(way=way))
    wait_until_over(app, run_id)

    page = web.get(f"/stress/{run_id}").text

    assert page.count('<svg viewBox="0 0 720 300"') == 3
    assert 'data-live="over"' in page
    assert "parcel.jpg" in page
    assert "stress.js" not in page  # nothing listens where nothing changes
    report = StressReport.from_fields(web.get(f"/stress/{run_id}/report.json").get_json())
    assert [(step.load, step.answered) for step in report.steps] == [(1, 4), (2, 4)]
    assert report.end == "complete"
    assert files() == []
    assert parts_of(app).results.counts().results == 0


def test_reports_are_listed_downloaded_and_deleted(
    app: Flask, web: FlaskClient, start: Start
) -> None:
    """A report is a page, a file for people, a file for programs, and gone when it is to go."""
    run_id = run_of(start())
    wait_until_over(app, run_id)

    assert f"/stress/{run_id}" in web.get("/stress").text
    for extension, beginning in (("json", "{"), ("html", "<!doctype html>")):
        file = FlaskClient(app).get(f"/stress/{run_id}/report.{extension}")
        assert file.text.startswith(beginning)
        assert f"stress-{run_id[:8]}.{extension}" in file.headers["Content-Disposition"]

    web.post(f"/stress/{run_id}/delete")

    assert web.get(f"/stress/{run_id}").status_code == 404
    assert run_id not in web.get("/stress").text


def test_run_shows_how_far_it_is_and_can_be_stopped(
    app: Flask, web: FlaskClient, start: Start, held: threading.Event
) -> None:
    """Its page says the step; a stop is asked for, and what was measured stays."""
    run_id = run_of(start())

    page = web.get(f"/stress/{run_id}").text
    assert 'data-live="running"' in page
    assert "Look again" in page
    assert 'http-equiv="refresh"' not in page
    assert "A run is in progress" in web.get("/stress").text

    assert web.post(f"/stress/{run_id}/stop").status_code == 303
    assert "Stopping" in FlaskClient(app).get(f"/stress/{run_id}/live").text
    held.set()
    wait_until_over(app, run_id)

    page = web.get(f"/stress/{run_id}").text
    assert "The run was ended before its time" in page


def test_second_run_is_refused_while_one_goes_on(
    app: Flask, start: Start, held: threading.Event
) -> None:
    """The form says so, and the first run does not notice."""
    run_id = run_of(start())

    refused = start()

    assert refused.status_code == 409
    assert "One run at a time" in refused.text
    assert 'value="1, 2"' in refused.text
    held.set()
    wait_until_over(app, run_id)
    assert run_of(start())


def test_run_of_the_command_line_keeps_the_page_from_another(start: Start) -> None:
    """On one machine they share a lock."""
    with alone():
        refused = start()

    assert refused.status_code == 409
    assert "in progress on this machine" in refused.text


def test_lock_that_cannot_be_taken_starts_nothing(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that is not there is said above the form, with what to set."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "missing"))

    refused = start()

    assert refused.status_code == 503
    assert "XDG_RUNTIME_DIR" in refused.text


def test_health_is_told_while_a_run_goes_on(
    web: FlaskClient, start: Start, held: threading.Event
) -> None:
    """All places for uploads may be taken; who watches over the process is answered."""
    run_id = run_of(start(loads="64", count="200"))

    assert web.get("/healthz").status_code == 200
    assert web.get("/readyz").status_code == 200
    web.post(f"/stress/{run_id}/stop")
    held.set()


def test_model_server_that_dies_shows_in_the_report(
    app: Flask, web: FlaskClient, start: Start, model_server: FakeModelServer
) -> None:
    """Errors by class, an early end, and the steps that were good before."""
    lock, calls = threading.Lock(), [0]

    def die_later() -> None:
        with lock:
            calls[0] += 1
            if calls[0] > 5:
                model_server.failure = UnavailableError

    model_server.on_predict = die_later
    run_id = run_of(start(loads="1, 2, 4, 8", way="model_server"))
    wait_until_over(app, run_id)

    page = web.get(f"/stress/{run_id}").text
    assert "Half or more of the calls of the last step were lost" in page
    assert "UNAVAILABLE" in page
    assert ">incomplete<" not in page


def test_uploads_that_are_turned_away_count_as_busy(
    app: Flask, web: FlaskClient, start: Start, held: threading.Event
) -> None:
    """The whole way has as many places as the site has, and the rest is refused."""
    run_id = run_of(start(loads="24", count="60"))
    reports, pause = parts_of(app).stress_reports, threading.Event()
    end = datetime.now(UTC) + timedelta(seconds=WAIT_S)
    while "busy" not in str(reports.get(run_id).live):
        assert datetime.now(UTC) < end
        pause.wait(0.05)
    held.set()
    wait_until_over(app, run_id)

    assert "<code>busy</code>" in web.get(f"/stress/{run_id}").text


@pytest.mark.parametrize(
    ("fields", "status", "sentence"),
    [
        ({"loads": "2, 1"}, 400, "Loads go up"),
        ({"loads": "many"}, 400, "such as 1, 2, 4, 8"),
        ({"loads": "500"}, 400, "At most 64 callers"),
        ({"loads": "9" * 400}, 400, "above 0"),
        ({"step_s": "nan"}, 400, "0.2 to 60 seconds"),
        ({"step_s": "1e999"}, 400, "0.2 to 60 seconds"),
        ({"step_s": "long"}, 400, "a number"),
        ({"count": "-1"}, 400, "whole number"),
        ({"count": "9" * 5000}, 400, "1 to 60000"),
        ({"by": "sea"}, 400, "callers or rate"),
        ({"way": "milky"}, 400, "two ways"),
        ({"model": "unknown"}, 422, "no model called"),
        ({"sample": "../secret", "image": ""}, 404, "no sample"),
        ({"image": ""}, 400, "No picture was chosen"),
        ({"name": "notes.txt"}, 415, "not a .jpg"),
    ],
)
def test_form_that_makes_no_sense_comes_back(
    web: FlaskClient, start: Start, fields: dict[str, str], status: int, sentence: str
) -> None:
    """With a sentence above it, what was written in it, and nothing started."""
    answer = start(**fields)

    assert answer.status_code == status
    assert sentence in answer.text
    assert "None yet." in web.get("/stress").text


@pytest.mark.parametrize("way", ["site", "model_server"])
def test_file_that_is_no_picture_starts_nothing(web: FlaskClient, start: Start, way: str) -> None:
    """It is looked at before, not by every call."""
    answer = start(b"no picture", way=way)

    assert answer.status_code in {400, 415, 422}
    assert "None yet." in web.get("/stress").text


@pytest.mark.parametrize(
    ("changes", "is_offered"),
    [
        ({"stress": "off"}, False),
        ({"stress": "on", "web_host": "0.0.0.0"}, True),  # noqa: S104  not listened on
        ({"stress": "loopback"}, True),
        ({"stress": "loopback", "web_host": "0.0.0.0"}, False),  # noqa: S104
        ({"stress": "loopback", "trusted_hops": 1}, False),
        ({"stress": "loopback", "trusted_hops": 1, "access": "required"}, True),
    ],
)
def test_runs_are_offered_where_they_may_be(
    app: Flask, changes: dict[str, Any], *, is_offered: bool
) -> None:
    """Where strangers reach the site nobody sees a link, and every address says no."""
    assert is_stress_offered(replace(parts_of(app).settings, **changes)) is is_offered


class TestSwitchedOff:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return replace(settings, stress="off")

    def test_every_address_says_no(self, web: FlaskClient, start: Start) -> None:
        """A page says how it is switched on, and no other page has a link."""
        assert start().status_code == 403
        refused = web.get("/stress")

        assert refused.status_code == 403
        assert "SIGHTLINE_STRESS=on" in refused.text
        assert 'href="/stress"' not in web.get("/").text


class TestForeignServer:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return replace(settings, stress="loopback")

    def test_model_server_elsewhere_is_left_alone(
        self, start: Start, model_server: FakeModelServer
    ) -> None:
        """No way may reach a machine that is not ours."""
        for way in ("site", "model_server"):
            refused = start(way=way)

            assert refused.status_code == 403
            assert "model-server.example:8500" in refused.text
        assert model_server.transport.calls == []


class TestLogins:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return replace(settings, access="required")

    def test_every_address_takes_the_scope_of_the_status_page(
        self, app: Flask, web: FlaskClient
    ) -> None:
        """Whoever may upload may not put the system under stress."""
        key = parts_of(app).keys.create("ci", frozenset(Scope) - {Scope.ADMIN})
        headers = {"Authorization": f"Bearer {key}"}
        rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("stress.")]

        assert len(rules) == 8
        for rule in rules:
            address = re.sub(r"<[^>]*>", "0" * 32, rule.rule)
            method = "POST" if "POST" in (rule.methods or ()) else "GET"
            answer = web.open(address, method=method, headers=headers)
            assert answer.status_code == 403, rule.endpoint
            assert "admin" in answer.text


def test_process_that_died_leaves_a_report_that_says_so(app: Flask, web: FlaskClient) -> None:
    """Its steps are there, the run counts as broken off, and another one may begin."""
    parts, now = parts_of(app), [datetime(2026, 3, 9, tzinfo=UTC)]
    reports = StressReports(parts.results.database, now=lambda: now[0])
    run_id = reports.begin(document())
    with pytest.raises(InUseError):
        reports.begin(document())

    page = web.get(f"/stress/{run_id}").text

    assert "Broke off" in page
    now[0] += timedelta(minutes=1)
    other = reports.begin(document())
    assert reports.note(run_id, document(), None), "the first one goes on in vain"
    assert not reports.note(other, document(), None)


def test_only_the_latest_reports_are_kept(app: Flask) -> None:
    """Their number is bounded."""
    now = [datetime(2026, 3, 9, tzinfo=UTC)]
    reports = StressReports(parts_of(app).results.database, now=lambda: now[0])
    ids = []
    for _ in range(KEPT_MAX + 2):
        now[0] += timedelta(seconds=1)
        ids.append(reports.begin(document()))
        reports.end(ids[-1], document())

    assert [run.id for run in reports.all()] == ids[:1:-1]


def test_damaged_report_does_not_take_the_list_down(app: Flask, web: FlaskClient) -> None:
    """It is in the list as what it is, and can be deleted."""
    reports = parts_of(app).stress_reports
    run_id = reports.begin({"form": "of another version"})
    reports.end(run_id, {"form": "of another version"})

    assert "cannot be read any more" in web.get("/stress").text
    assert web.get(f"/stress/{run_id}").status_code == 410
    assert web.post(f"/stress/{run_id}/delete").status_code == 303


def document() -> dict[str, Any]:
    subject = Subject(Way.SITE, "this web app", "toy", "parcel.jpg", 10)
    return StressReport(subject, StressPlan(), datetime(2026, 3, 9, tzinfo=UTC)).to_fields()
