"""``python -m webapp`` as a process."""

import http.client
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from webapp.testing import install_model

TIMEOUT_S = 60
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """A function that starts the process; what is left of it is ended."""
    processes = []

    def run(*flags: str, **variables: str) -> "subprocess.Popen[str]":
        environ = {
            **os.environ,
            "SIGHTLINE_MODEL_REPOSITORY": str(tmp_path / "models"),
            "SIGHTLINE_ORIGINALS": str(tmp_path / "originals"),
            "SIGHTLINE_DATABASE_URL": f"sqlite:///{tmp_path}/results.sqlite3",
            **variables,
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "webapp", *flags], stderr=subprocess.PIPE, text=True, env=environ
        )
        processes.append(process)
        return process

    yield run
    for process in processes:
        process.kill()
        process.communicate()


def port_of(process: "subprocess.Popen[str]") -> int:
    """Read the log until the line that says where it listens."""
    assert process.stderr is not None
    for line in process.stderr:
        if "listening on" in line:
            return int(line.rpartition(":")[2])
    raise AssertionError("the process ended before it listened")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_the_process_well(start: Start, number: signal.Signals) -> None:
    """Told to end, the process ends with status 0 and says so."""
    process = start("--port", "0")
    port = port_of(process)
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)) as connection:
        connection.request("GET", "/healthz")
        assert connection.getresponse().status == 200

    process.send_signal(number)
    _, log = process.communicate(timeout=TIMEOUT_S)

    assert process.returncode == 0
    assert "stopped; everything that ran was finished" in log


def test_request_in_flight_is_answered_after_the_signal(
    start: Start, tmp_path: Path, photo: Callable[[int], bytes]
) -> None:
    """An upload that waits for a model server is kept and answered when the signal comes."""
    install_model(tmp_path / "models", "toy")
    with socket.create_server(("127.0.0.1", 0)) as silent, ThreadPoolExecutor(1) as pool:
        target = f"127.0.0.1:{silent.getsockname()[1]}"
        process = start(
            "--port", "0", SIGHTLINE_SERVING_TARGET=target, SIGHTLINE_CALL_TIMEOUT_S="2"
        )
        port = port_of(process)
        status = pool.submit(_post, port, photo(1))
        with silent.accept()[0]:
            process.send_signal(signal.SIGTERM)

            assert status.result(TIMEOUT_S) in {503, 504}
            assert process.wait(TIMEOUT_S) == 0
    assert [path.read_bytes() for path in (tmp_path / "originals").glob("*/*.jpg")] == [photo(1)]


def _post(port: int, data: bytes) -> int:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)) as connection:
        connection.request("POST", "/api/v1/detections", data, {"Content-Type": "image/jpeg"})
        return connection.getresponse().status


FAULTS = [
    ((), {"SIGHTLINE_WEB_PORT": "many"}, "SIGHTLINE_WEB_PORT: expected a whole number"),
    ((), {"SIGHTLINE_SERVING_TARGET": "nowhere"}, "SIGHTLINE_SERVING_TARGET"),
    ((), {"SIGHTLINE_DATABASE_URL": "nosuch://"}, "The database of SIGHTLINE_DATABASE_URL cannot"),
    (
        (),
        {"SIGHTLINE_DATABASE_URL": "mysql://h/d"},
        "The database of SIGHTLINE_DATABASE_URL needs",
    ),
    ((), {"SIGHTLINE_ORIGINALS": "/proc/nowhere"}, "Pictures cannot be kept in /proc/nowhere"),
    (("--host", "192.0.2.1"), {}, "Cannot listen on 192.0.2.1"),
    (("--port", "65536"), {}, "SIGHTLINE_WEB_PORT: expected 0 to 65535"),
    (("--dev", "--host", "0.0.0.0"), {}, "--dev listens on loopback only"),  # noqa: S104  refused
]


@pytest.mark.parametrize(("flags", "variables", "sentence"), FAULTS)
def test_fault_at_start_is_one_sentence(
    start: Start, flags: tuple[str, ...], variables: dict[str, str], sentence: str
) -> None:
    """What keeps the process from starting is one line and status 1."""
    process = start(*flags, **variables)

    _, log = process.communicate(timeout=TIMEOUT_S)

    assert process.returncode == 1
    (line,) = log.splitlines()
    assert line.startswith(f"webapp: {sentence}")


def test_taken_port_is_one_sentence_at_start(start: Start) -> None:
    """A port that is taken ends the process with a sentence that names it."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        _, log = start("--port", str(port)).communicate(timeout=TIMEOUT_S)

    assert log == f"webapp: Port {port} on 127.0.0.1 is taken; choose another with --port.\n"
