"""The process is killed in the midst of uploads, and nothing that it acknowledged is lost."""

import http.client
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Event, Lock

import pytest

from tests.integration.webapp.web_processes import WebProcess, model_server

UPLOADS = 200
UPLOADERS = 8
KILLS_AFTER = (40, 120)
Photo = Callable[[int], bytes]


class Uploads:
    """Many uploads by several uploaders, and what they were told.

    Attributes:
        acknowledged: The picture of each result id that an answer named.
    """

    def __init__(self, pictures: list[bytes]) -> None:
        self.acknowledged: dict[str, bytes] = {}
        self._pictures = iter(pictures)
        self._lock = Lock()

    def run(self, process: WebProcess, enough: int, is_enough: Event) -> None:
        """Upload until there are no pictures left or nobody answers."""
        with suppress(OSError, http.client.HTTPException):
            while (picture := self._next()) is not None:
                status, body = process.ask("POST", "/api/v1/detections", picture)
                assert status == 201, body
                with self._lock:
                    self.acknowledged[json.loads(body)["id"]] = picture
                    if len(self.acknowledged) >= enough:
                        is_enough.set()
        is_enough.set()

    def _next(self) -> bytes | None:
        with self._lock:
            return next(self._pictures, None)


@pytest.fixture
def target(tmp_path: Path) -> Iterator[str]:
    with model_server(tmp_path) as target:
        yield target


def test_killed_process_loses_nothing_it_acknowledged(
    tmp_path: Path, target: str, photo: Photo
) -> None:
    """After kill -9 in the midst of uploads, twice, each answer given still holds."""
    sent = [photo(number) for number in range(UPLOADS)]
    uploads = Uploads(sent)

    for enough in (*KILLS_AFTER, UPLOADS + 1):
        process = WebProcess(tmp_path, target, SIGHTLINE_RECOGNITIONS_WAITING_MAX="16")
        assert process.port
        is_enough = Event()
        with ThreadPoolExecutor(UPLOADERS) as pool:
            for _ in range(UPLOADERS):
                pool.submit(uploads.run, process, enough, is_enough)
            assert is_enough.wait(120)
            if enough <= UPLOADS:
                process.kill()

    assert len(uploads.acknowledged) >= UPLOADS - len(KILLS_AFTER) * UPLOADERS
    for result_id, picture in uploads.acknowledged.items():
        assert process.ask("GET", f"/results/{result_id}/original") == (200, picture)
    check_what_is_served(process, uploads.acknowledged, sent)
    check_what_is_stored(tmp_path, sent)
    assert process.stop() == 0
    assert not [line for line in process.lines if "ERROR" in line or "Traceback" in line]


def check_what_is_served(
    process: WebProcess, acknowledged: Mapping[str, bytes], sent: list[bytes]
) -> None:
    """Assert that acknowledged results are done, and that others have a whole original, too."""
    address, done = "/api/v1/results?limit=100", set()
    while address:
        status, body = process.ask("GET", address)
        assert status == 200
        page = json.loads(body)
        done |= {result["id"] for result in page["results"] if result["state"] == "done"}
        for result_id in {result["id"] for result in page["results"]} - set(acknowledged):
            status, original = process.ask("GET", f"/results/{result_id}/original")
            assert status == 200
            assert original in sent
        address = page["next"]
    assert set(acknowledged) <= done


def check_what_is_stored(folder: Path, sent: list[bytes]) -> None:
    """Assert that no file is half there where files are served from, and that gc finds the rest."""
    whole = list((folder / "originals").glob("[0-9a-f][0-9a-f]/*.jpg"))
    assert whole
    assert all(path.read_bytes() in sent for path in whole)
    answer = subprocess.run(
        [sys.executable, "-m", "webapp", "gc"],
        env={
            "SIGHTLINE_ORIGINALS": str(folder / "originals"),
            "SIGHTLINE_DATABASE_URL": f"sqlite:///{folder}/results.sqlite3",
        },
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    # The young ones stay: they might belong to an upload of this moment.
    assert answer.stdout.startswith("0 results and 0 stray files deleted.")
