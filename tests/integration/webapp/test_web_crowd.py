"""Thirty uploaders at once, for a while: answers or a polite no, and memory that stays as it is.

``SIGHTLINE_CROWD_S`` says for how many seconds; a minute is a good number by hand.
"""

import os
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import psutil

from tests.integration.webapp.web_processes import WebProcess, model_server

CROWD = 30
CROWD_S = float(os.environ.get("SIGHTLINE_CROWD_S", "8"))
# Threads, arenas of malloc and caches fill up during the first part; then there is little left.
WARM_SHARE = 0.4
GROWTH_MAX_BYTES = 30_000_000


def upload_until(process: WebProcess, end_s: float, picture: bytes) -> Counter[int]:
    """Upload a picture again and again; return how often each status came back."""
    statuses: Counter[int] = Counter()
    while time.monotonic() < end_s:
        status, _ = process.ask("POST", "/api/v1/detections", picture)
        statuses[status] += 1
    return statuses


def crowd(process: WebProcess, seconds: float, pictures: list[bytes]) -> Counter[int]:
    """Have everybody upload at the same time, each a picture of their own."""
    until = partial(upload_until, process, time.monotonic() + seconds)
    with ThreadPoolExecutor(len(pictures)) as pool:
        return sum(pool.map(until, pictures), Counter())


def test_crowd_gets_answers_or_a_polite_no(tmp_path: Path, photo: Callable[[int], bytes]) -> None:
    """No status but 201 and 503 comes back, memory and descriptors stay, and the site goes on."""
    pictures = [photo(number) for number in range(CROWD)]
    with model_server(tmp_path) as target:
        process = WebProcess(tmp_path, target)
        assert process.port
        watched = psutil.Process(process.process.pid)

        statuses = crowd(process, CROWD_S * WARM_SHARE, pictures)
        before, files_before = watched.memory_info().rss, watched.num_fds()
        statuses += crowd(process, CROWD_S * (1 - WARM_SHARE), pictures)
        after, files_after = watched.memory_info().rss, watched.num_fds()

        assert process.ask("POST", "/api/v1/detections", pictures[0])[0] == 201
        assert process.ask("GET", "/healthz")[0] == 200
        assert process.stop() == 0
    print(f"{CROWD_S:g} s: {dict(statuses)}, {before / 1e6:.1f} to {after / 1e6:.1f} MB")  # noqa: T201
    assert set(statuses) <= {201, 503}
    assert statuses[201] >= CROWD
    assert after - before < GROWTH_MAX_BYTES
    assert files_after <= files_before + CROWD
    originals = list((tmp_path / "originals").glob("*/*.jpg"))
    assert len(originals) == statuses[201] + 1
