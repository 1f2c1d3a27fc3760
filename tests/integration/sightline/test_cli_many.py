"""Thousands of pictures: bounded memory, and each exactly once whatever happens in between."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest

from serving_client import Array
from serving_client.testing import ReceivedCall, TinyServer
from tests.videos import moving_square, write_mp4
from vision import encode_png
from webapp.testing import install_model

ROOT = Path(__file__).resolve().parents[3]
MANY = int(os.environ.get("SIGHTLINE_TEST_PICTURES", "2000"))
FEW = 200
GROWTH_BYTES_MAX = 16 * 2**20
# The program itself, which tells at its end how much memory it ever had. (What getrusage tells
# counts the memory of this process in, before the other program began.)
MEASURED = """
import re, sys
from sightline.__main__ import main
status = main()
peak = re.search(r"VmHWM:\\s+([0-9]+) kB", open("/proc/self/status").read())[1]
print("peak", peak, file=sys.stderr)
sys.exit(status)
"""


class Detector:
    """Finds one dog in each picture; can be told to stop answering after so many."""

    def __init__(self) -> None:
        self.answered = 0
        self.received: list[ReceivedCall] = []
        self.stops_after: int | None = None
        self.has_stopped = threading.Event()
        self.may_go_on = threading.Event()
        self._lock = threading.Lock()

    def __call__(self, _: Mapping[str, Array]) -> dict[str, Array]:
        with self._lock:
            self.answered += 1
            self.received.clear()  # thousands of pictures
            is_over = self.stops_after is not None and self.answered > self.stops_after
        if is_over:
            self.has_stopped.set()
            self.may_go_on.wait(60)
        return {
            "boxes": np.array([[[0.25, 0.25, 0.75, 0.75]]], np.float32),
            "scores": np.array([[0.9]], np.float32),
            "classes": np.array([[18]], np.float32),
            "count": np.ones(1, np.float32),
        }


@pytest.fixture
def detector() -> Detector:
    return Detector()


@pytest.fixture
def environ(tmp_path: Path, detector: Detector) -> Iterator[dict[str, str]]:
    """The environment of a command that asks this detector."""
    install_model(tmp_path / "models", "toy")
    with TinyServer({"toy": detector}) as server:
        detector.received = server.calls
        yield {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "SIGHTLINE_MODEL_REPOSITORY": str(tmp_path / "models"),
            "SIGHTLINE_SERVING_TARGET": server.target,
        }
        detector.may_go_on.set()


def make_pictures(folder: Path, count: int) -> Path:
    data = encode_png(np.zeros((8, 8, 3), np.uint8))
    folder.mkdir()
    for number in range(count):
        (folder / f"{number:05}.png").write_bytes(data)
    return folder


def start(tmp_path: Path, environ: dict[str, str], *words: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", MEASURED, "detect", *words],
        env=environ, cwd=tmp_path, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def peak_bytes(tmp_path: Path, environ: dict[str, str], *words: str) -> int:
    with start(tmp_path, environ, *words) as process:
        _, said = process.communicate(timeout=170)
    assert process.returncode == 0, said
    return int(said.split()[-1]) * 1024


@pytest.mark.timeout(600)
def test_memory_does_not_grow_with_the_pictures(tmp_path: Path, environ: dict[str, str]) -> None:
    """Ten times as many pictures take no more memory, whatever is written about them."""
    few = make_pictures(tmp_path / "few", FEW)
    many = make_pictures(tmp_path / "many", MANY)
    options = ("--format", "coco", "--output", "o.json", "--resume", "j")

    peak_of_few = peak_bytes(tmp_path, environ, str(few), *options)
    (tmp_path / "j").unlink()
    peak_of_many = peak_bytes(tmp_path, environ, str(many), *options)

    coco = json.loads((tmp_path / "o.json").read_text())
    assert len(coco["images"]) == len(coco["annotations"]) == MANY
    assert peak_of_many - peak_of_few < GROWTH_BYTES_MAX


def test_memory_does_not_grow_with_a_video(tmp_path: Path, environ: dict[str, str]) -> None:
    """Five times as many frames take no more of it."""
    size_wh = (320, 240)  # 225 KiB a frame
    few = write_mp4(tmp_path / "few.mp4", 4.0, draw=lambda s: moving_square(s, size_wh))
    many = write_mp4(tmp_path / "many.mp4", 20.0, draw=lambda s: moving_square(s, size_wh))
    options = ("--every", "0", "--format", "jsonl", "--output", "o")

    peak_of_few = peak_bytes(tmp_path, environ, str(few), *options, "--resume", "few")
    peak_of_many = peak_bytes(tmp_path, environ, str(many), *options, "--resume", "many")

    assert len((tmp_path / "o").read_text().splitlines()) == 200
    assert peak_of_many - peak_of_few < GROWTH_BYTES_MAX


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_goes_on_where_it_was(
    tmp_path: Path, environ: dict[str, str], detector: Detector, number: signal.Signals
) -> None:
    """Each picture is in the output exactly once, and next to none is looked at twice."""
    folder = make_pictures(tmp_path / "many", FEW)
    words = (
        str(folder),
        "--format",
        "jsonl",
        "--output",
        "o",
        "--resume",
        "j",
        "--concurrency",
        "2",
    )
    detector.stops_after = FEW // 2
    with start(tmp_path, environ, *words) as process:
        assert detector.has_stopped.wait(60)
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    there_is_output = (tmp_path / "o").exists()
    detector.stops_after = None
    detector.may_go_on.set()
    remembered = len((tmp_path / "j").read_text().splitlines()) - 1

    with start(tmp_path, environ, *words) as again:
        _, told = again.communicate(timeout=60)

    lines = [json.loads(line) for line in (tmp_path / "o").read_text().splitlines()]
    assert process.returncode == (130 if number == signal.SIGINT else -number), said
    assert "Traceback" not in said
    assert not there_is_output
    assert again.returncode == 0
    assert [Path(line["file"]).name for line in lines] == [f"{n:05}.png" for n in range(FEW)]
    assert f"{FEW} pictures: {FEW} done, {remembered} of them before, none failed." in told
    assert FEW // 2 - 8 <= remembered <= FEW // 2
    assert detector.answered <= FEW + 8


def test_whoever_has_read_enough_ends_the_run(tmp_path: Path, environ: dict[str, str]) -> None:
    """`sightline ... | head` ends without a word of complaint."""
    folder = make_pictures(tmp_path / "many", FEW)
    with start(tmp_path, environ, str(folder), "--quiet") as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        process.stdout.close()
        process.stdout = None
        _, said = process.communicate(timeout=60)

    assert first.endswith("8 x 8\n")
    assert process.returncode == 1
    assert said.startswith("peak ")
