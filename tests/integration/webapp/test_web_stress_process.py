"""A stress run and the process that makes it: neither outlives the other badly."""

import http.client
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from urllib.parse import urlencode

import numpy as np
import pytest
from numpy.typing import ArrayLike

from serving_client import Array
from serving_client.testing import TinyModel, TinyServer
from stress import End, alone
from tests.integration.webapp.web_processes import TIMEOUT_S, WebProcess
from webapp.access.form_tokens import token_of
from webapp.access.tokens import new_secret
from webapp.presentation.stress_view import StressView
from webapp.storage.store import ResultStore
from webapp.storage.stress_reports import StressReports
from webapp.testing import install_model


class Counted:
    """A model server that finds nothing, and counts."""

    def __init__(self, server: TinyServer) -> None:
        self.target = server.target
        self.calls = 0
        self._server = server
        server.models["toy"] = TinyModel(self._look)

    def _look(self, _inputs: Mapping[str, Array]) -> Mapping[str, ArrayLike]:
        self.calls += 1
        self._server.calls.clear()  # it would keep every picture
        return {
            "boxes": np.zeros((1, 1, 4), np.float32),
            "scores": np.zeros((1, 1), np.float32),
            "classes": np.ones((1, 1), np.float32),
            "count": np.zeros(1, np.float32),
        }

    def wait_for(self, count: int) -> None:
        """Wait until so many calls have come."""
        pause = Event()
        for _ in range(10 * TIMEOUT_S):
            if self.calls >= count:
                return
            pause.wait(0.1)
        pytest.fail(f"{self.calls} calls in {TIMEOUT_S} s, not {count}")


@pytest.fixture
def counted(tmp_path: Path) -> Iterator[Counted]:
    install_model(tmp_path / "models", "toy")
    with TinyServer({}) as server:
        yield Counted(server)


@pytest.fixture
def process(tmp_path: Path, counted: Counted) -> Iterator[WebProcess]:
    """A web app with a lock of its own, which is ended by the test."""
    process = WebProcess(tmp_path, counted.target, XDG_RUNTIME_DIR=str(tmp_path))
    yield process
    process.kill()


def start_run(process: WebProcess) -> str:
    """Start a run of minutes on the page, and return its address."""
    secret = new_secret()
    fields = {
        "csrf_token": token_of(secret), "way": "site", "sample": "parcel", "loads": "2, 4",
        "step_s": "60",
    }  # fmt: skip
    headers = {
        "Cookie": f"sightline={secret}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    with closing(
        http.client.HTTPConnection("127.0.0.1", process.port, timeout=TIMEOUT_S)
    ) as connection:
        connection.request("POST", "/stress", urlencode(fields), headers)
        answer = connection.getresponse()
        assert answer.status == 303, answer.read()
        return str(answer.headers["Location"])


def view_of(folder: Path, address: str) -> StressView:
    """What another process shows of a run a minute later."""
    with closing(ResultStore(f"sqlite:///{folder}/results.sqlite3")) as store:
        later = datetime.now(UTC) + timedelta(minutes=1)
        reports = StressReports(store.database, now=lambda: later)
        return StressView.of(reports.get(address.rpartition("/")[2]))


def lock_of(folder: Path) -> Path:
    (path,) = folder.glob("sightline-stress-*.lock")
    return path


def test_killed_process_leaves_no_running_load(
    tmp_path: Path, process: WebProcess, counted: Counted
) -> None:
    """No call comes after it, nobody is kept from a run, and the report says what happened."""
    address = start_run(process)
    counted.wait_for(20)

    process.kill()

    calls = counted.calls
    with alone(lock_of(tmp_path)):
        pass
    assert view_of(tmp_path, address).report.end is End.BROKEN
    assert counted.calls <= calls + 4  # those that were on their way


def test_process_that_is_told_to_end_ends_its_run(
    tmp_path: Path, process: WebProcess, counted: Counted
) -> None:
    """In order: with the report of what was measured until then."""
    address = start_run(process)
    counted.wait_for(20)
    assert process.ask("GET", "/healthz")[0] == 200

    assert process.stop() == 0

    view = view_of(tmp_path, address)
    assert view.report.end is End.STOPPED
    assert [step.is_cut_short for step in view.report.steps] == [True]
