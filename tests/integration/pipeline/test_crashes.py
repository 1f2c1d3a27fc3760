"""Commands that are killed: servers find all of a model or nothing, and the next run mends."""

import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from pipeline.cli import main
from pipeline.models_config import models_config
from pipeline.repository import Repository
from pipeline.testing.archives import TinyModel
from pipeline.testing.server import ArchiveServer, Fault

DRIVER = Path(__file__).with_name("crash_driver.py")
DEADLINE_S = 60.0

WriteCatalogue = Callable[[Mapping[str, str], list[str]], Path]


@pytest.fixture
def catalogue(write_catalogue: WriteCatalogue) -> Path:
    """A catalogue with `tiny`, whose digest nobody published."""
    origin = 'archive = "tiny.tar.gz"\nsource_url = "http://models.invalid"'
    return write_catalogue({"tiny": origin}, ["tiny"])


@pytest.fixture
def fetch(catalogue: Path, tmp_path: Path) -> list[str]:
    """The command that installs `tiny`."""
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    (mirror / "tiny.tar.gz").write_bytes(TinyModel().archive())
    return ["fetch", "tiny", "--catalogue", str(catalogue), "--mirror", str(mirror)]


def _run(command: list[str], root: Path) -> None:
    assert main(["models", *command, "--repository", str(root)], {}) == 0


def _kill_everywhere(roots: Path, command: list[str]) -> list[Path]:
    """Return the repositories that a command leaves when it is killed before its n-th change."""
    done = subprocess.run(
        [sys.executable, DRIVER, roots, *command],
        check=True,
        capture_output=True,
        timeout=DEADLINE_S,
    )
    return [roots / str(number + 1) for number in range(int(done.stdout.splitlines()[-1]))]


def _served(root: Path) -> dict[str, bytes]:
    """The version folder of `tiny`, as a server that watches it finds it."""
    version = root / "tiny" / "1"
    files = (path for path in version.rglob("*") if path.is_file())
    return {path.relative_to(version).as_posix(): path.read_bytes() for path in files}


def _whole() -> dict[str, bytes]:
    return {
        "saved_model.pb": TinyModel().saved_model_pb(),
        "variables/variables.data-00000-of-00001": TinyModel().weights,
    }


def test_a_killed_fetch_leaves_a_whole_model_or_none(tmp_path: Path, fetch: list[str]) -> None:
    """Whichever change it dies before, and the same command then installs the model."""
    roots = tmp_path / "roots"
    (roots / "start").mkdir(parents=True)

    crashed = _kill_everywhere(roots, fetch)

    assert len(crashed) > 15
    for root in crashed:
        assert _served(root) in ({}, _whole())
        assert (Repository(root).find("tiny") is not None) == (_served(root) == _whole())
        _run(fetch, root)
        _run(["verify"], root)
        assert _served(root) == _whole()
        assert list((root / ".work").rglob("*.tar.gz*")) == []
        assert list((root / ".work/staging").iterdir()) == []


def test_a_killed_repair_leaves_the_damaged_model_a_whole_one_or_none(
    tmp_path: Path, fetch: list[str]
) -> None:
    """Replacing a version never mixes two."""
    roots = tmp_path / "roots"
    _run(fetch, roots / "start")
    (roots / "start/tiny/1/variables/variables.data-00000-of-00001").write_bytes(b"damaged")
    damaged = _served(roots / "start")

    crashed = _kill_everywhere(roots, fetch)

    assert len(crashed) > 15
    for root in crashed:
        assert _served(root) in ({}, damaged, _whole())
        _run(fetch, root)
        _run(["verify"], root)
        assert _served(root) == _whole()


def test_a_killed_refresh_is_completed_by_the_next(
    tmp_path: Path, catalogue: Path, fetch: list[str]
) -> None:
    """Card, labels and manifest agree in the end, and nothing lies about beside them."""
    roots = tmp_path / "roots"
    _run(fetch, roots / "start")
    names = {path.name for path in (roots / "start/tiny").iterdir()}
    text = catalogue.read_text(encoding="utf-8").replace("rank = 1", "rank = 2")
    catalogue.write_text(text, encoding="utf-8")

    crashed = _kill_everywhere(roots, fetch)

    assert len(crashed) > 5
    for root in crashed:
        assert _served(root) == _whole()
        _run(fetch, root)
        _run(["verify"], root)
        assert {path.name for path in (root / "tiny").iterdir()} == names


def test_a_killed_removal_leaves_a_whole_model_or_none(tmp_path: Path, fetch: list[str]) -> None:
    """A server is never told to serve what is going away, nor shown a part of it."""
    roots = tmp_path / "roots"
    _run(fetch, roots / "start")

    crashed = _kill_everywhere(roots, ["remove", "tiny", "--yes"])

    assert len(crashed) > 5
    for root in crashed:
        config = (root / "models.config").read_text(encoding="utf-8")
        stale = models_config(["tiny"], str(roots / "start"))
        assert _served(root) in ({}, _whole())
        assert _served(root) or config != stale
        _run(fetch, root)
        assert _served(root) == _whole()


# Shells start what runs in the background with SIGINT ignored, and children inherit that.
HEED_CTRL_C = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


@pytest.mark.parametrize(
    ("number", "code", "words"),
    [
        (signal.SIGKILL, -signal.SIGKILL, ""),
        (signal.SIGINT, 130, "Interrupted; nothing is left half done.\n"),
    ],
)
def test_a_download_that_is_killed_goes_on_later(
    *,
    tmp_path: Path,
    write_catalogue: WriteCatalogue,
    server: ArchiveServer,
    number: signal.Signals,
    code: int,
    words: str,
) -> None:
    """Bytes that arrived before the process died are not downloaded again."""
    shutil.rmtree(tmp_path / "catalogue", ignore_errors=True)
    size = len(server.files["/tiny.tar.gz"])
    server.faults.append(Fault(stall_after=size // 2))
    catalogue = write_catalogue({"tiny": f'url = "{server.url}/tiny.tar.gz"'}, ["tiny"])
    root = tmp_path / "models"
    fetch = ["fetch", "--catalogue", str(catalogue)]
    part = root / ".work/downloads/tiny.tar.gz.part"

    with subprocess.Popen(
        [
            sys.executable,
            "-c",
            HEED_CTRL_C,
            "-m",
            "pipeline",
            "models",
            *fetch,
            "--repository",
            str(root),
        ],
        stderr=subprocess.PIPE,
        text=True,
        cwd=DRIVER.parents[3],
    ) as process:
        _wait_until(lambda: part.exists() and part.stat().st_size > 0)
        process.send_signal(number)
        complaint = process.communicate(timeout=DEADLINE_S)[1]

    kept = part.stat().st_size
    assert process.returncode == code
    assert complaint.endswith(words)
    assert not (root / "tiny").exists()
    _run(fetch, root)
    assert (server.served[-1].range, server.served[-1].body_bytes) == (
        f"bytes={kept}-",
        size - kept,
    )
    assert Repository(root).find("tiny") is not None


def _wait_until(is_so: Callable[[], bool]) -> None:
    pause, end = threading.Event(), time.monotonic() + DEADLINE_S
    while not is_so():
        assert time.monotonic() < end
        pause.wait(0.01)
