"""`sightline stress` against a model server and a running Sightline."""

import json
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from serving_client import UnavailableError
from serving_client.testing import TinyServer
from stress import StressPlan, StressReport, alone
from tests.integration.sightline.command import Sightline
from webapp.testing import FakeModelServer, RunningSite

SHORT = ("--callers", "1,2", "--count", "5", "--seconds", "20")


@pytest.fixture(autouse=True)
def own_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests beside this one, and people, may have runs of their own; nobody has to warm up."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setattr(StressPlan, "warm_up_s", 0.0)


def test_model_server_is_put_under_load(
    sightline: Sightline, photos: Path, model_server: TinyServer, tmp_path: Path
) -> None:
    """A table is printed, and both files hold the same run."""
    saved, page = tmp_path / "run.json", tmp_path / "run.html"

    said = sightline("stress", photos / "a.jpg", *SHORT, "--save", saved, "--html", page)

    assert said.status == 0, said.err
    assert f"the model server at grpc://{model_server.target}" in said.out
    assert "load" in said.out
    report = StressReport.from_fields(json.loads(saved.read_text()))
    assert [(step.load, step.answered) for step in report.steps] == [(1, 5), (2, 5)]
    assert report.verdict() in said.out
    assert page.read_text().startswith("<!doctype html>")


def test_running_site_is_put_under_load_and_keeps_nothing(
    sightline: Sightline, photos: Path, site: RunningSite, tmp_path: Path
) -> None:
    """Over HTTP, with a model of either kind; the report goes to standard output as JSON."""
    for model in ("toy", "namer"):
        said = sightline(
            "stress", photos / "a.jpg", *SHORT, "--server", site.url, "--model", model, "--json"
        )

        assert said.status == 0, said.err
        report = StressReport.from_fields(json.loads(said.out))
        assert (report.subject.way, report.subject.model) == ("site", model)
        assert [step.answered for step in report.steps] == [5, 5]
    originals = tmp_path / "originals"
    assert [path for path in originals.rglob("*") if path.is_file()] == []


def test_rates_are_open_loops(sightline: Sightline, photos: Path) -> None:
    """Calls are due a second, and as many callers as are allowed make them."""
    said = sightline(
        "stress", photos / "a.jpg", "--rate", "50,100", "--in-flight", "3", "--count", "5", "--json"
    )

    report = StressReport.from_fields(json.loads(said.out))
    assert (report.plan.by, report.plan.callers_max) == ("rate", 3)
    assert [step.load for step in report.steps] == [50, 100]


@pytest.mark.parametrize(
    "words",
    [
        ("--target", "192.0.2.1:8500"),
        ("--server", "http://192.0.2.1:5000"),
    ],
)
def test_other_machines_are_left_alone(
    sightline: Sightline, photos: Path, words: tuple[str, str]
) -> None:
    """No byte is sent; the sentence says how it is allowed."""
    said = sightline("stress", photos / "a.jpg", *words)

    assert said.status == 2
    assert "not on this machine" in said.err
    assert "--remote" in said.err


def test_second_run_on_a_machine_is_refused(sightline: Sightline, photos: Path) -> None:
    """One at a time."""
    with alone():
        said = sightline("stress", photos / "a.jpg", *SHORT)

    assert said.status == 2
    assert "Another stress run" in said.err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--callers", "1,zwei"), "such as 1, 2, 4, 8"),
        (("--callers", "100"), "At most 64 callers"),
        (("--seconds", "600"), "0.2 to 60 seconds"),
        (("--model", "unknown"), "no model called 'unknown'"),
        (("--target", "nowhere"), "HOST:PORT"),
    ],
)
def test_command_that_makes_no_sense_says_why(
    sightline: Sightline, photos: Path, words: tuple[str, str], sentence: str
) -> None:
    """Status 2, and one sentence."""
    said = sightline("stress", photos / "a.jpg", *words)

    assert said.status == 2
    assert sentence in said.err


@pytest.mark.parametrize("name", ["damaged.jpg", "notes.txt"])
def test_file_that_is_no_picture_is_not_sent(
    sightline: Sightline, photos: Path, name: str, site: RunningSite
) -> None:
    """The first call shows it, and no load follows."""
    for words in ((), ("--server", site.url)):
        said = sightline("stress", photos / name, *SHORT, *words)

        assert said.status == 1
        assert said.out == ""
        assert said.err


def test_file_that_is_not_there_is_named(sightline: Sightline) -> None:
    """As everywhere."""
    said = sightline("stress", "nothing.jpg")

    assert said.status == 2
    assert "nothing.jpg: No such file" in said.err


def test_server_that_is_away_ends_it_before_it_begins(
    sightline: Sightline, photos: Path, model_server: TinyServer
) -> None:
    """There is nothing to measure."""
    model_server.stop()

    said = sightline("stress", photos / "a.jpg", *SHORT)

    assert said.status == 1
    assert "The first call has no answer" in said.err


def test_model_server_that_dies_shows_in_the_report(
    sightline: Sightline, photos: Path, site: RunningSite, fake: FakeModelServer
) -> None:
    """Failed calls count by their kind, and the steps after them are left out."""
    lock, calls = threading.Lock(), [0]

    def fail_later() -> None:
        with lock:
            calls[0] += 1
            if calls[0] > 7:  # one to try, a step of five, and one more
                fake.failure = UnavailableError

    fake.on_predict = fail_later
    said = sightline(
        "stress", photos / "a.jpg", "--callers", "1,2,4", "--count", "5", "--server", site.url,
        "--json",
    )  # fmt: skip

    report = StressReport.from_fields(json.loads(said.out))
    assert report.end == "gave_up"
    assert [step.load for step in report.steps] == [1, 2]
    assert report.errors == {"away": 4}


def test_ctrl_c_ends_it_with_what_was_measured(
    photos: Path, repository: Path, model_server: TinyServer, tmp_path: Path
) -> None:
    """The report is printed and saved, and the status says that it was interrupted."""
    saved = tmp_path / "run.json"
    command = [
        sys.executable, "-m", "sightline", "stress", str(photos / "a.jpg"), "--callers", "2",
        "--seconds", "60", "--save", str(saved), "--target", model_server.target,
        "--repository", str(repository),
    ]  # fmt: skip
    pause = threading.Event()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        while process.poll() is None and len(model_server.calls) < 20:
            pause.wait(0.1)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)

    assert process.returncode == 130
    report = StressReport.from_fields(json.loads(saved.read_text()))
    assert report.end == "stopped"
    assert "cut short" in out
