"""The launcher with small stand-ins for the model server and the web app."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

CHILDREN = """
import http.server, os, signal, sys, threading
name, port, mode = sys.argv[1], int(sys.argv[2]), sys.argv[3]
print(name, "pid", os.getpid(), flush=True)
if mode == "dies":
    sys.exit("no model for you")

class Healthy(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        if self.path == "/api/v1/models":
            self.wfile.write(os.environ.get("MODELS", "").encode())
    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Healthy)
def stop(*_):
    print(name, "finishes its work", flush=True)
    threading.Thread(target=server.shutdown).start()
signal.signal(signal.SIGTERM, signal.SIG_IGN if mode == "stubborn" else stop)
server.serve_forever()
print(name, "is done", flush=True)
"""

LAUNCHER = """
import sys
WORKER = "import os, time; print('video pid', os.getpid(), flush=True); time.sleep(600)"
from launcher import stack
from launcher.child import ChildSpec
from launcher.stack import Ports, Stack, StackError

stack._STOP_S = 3.0
program, web, grpc, rest, model_mode, worker = sys.argv[1:]
stack._AGE_MIN_S = 60.0 if worker == "brief" else 0.0
model = ["-c", program, "model", grpc, model_mode]
children = [
    ChildSpec("model server", "model", model, int(grpc), "GRPC_PORT"),
    ChildSpec("web app", "web", ["-c", program, "web", web, "serves"], int(web), "WEB_PORT"),
]
if worker:
    children.append(ChildSpec("video worker", "video", ["-c", WORKER]))
try:
    Stack(Ports(int(web), int(grpc), int(rest)), children).run()
except StackError as error:
    sys.exit(str(error))
"""


@pytest.fixture
def ports(free_port: Callable[[], int]) -> list[int]:
    """Web, gRPC and REST."""
    return [free_port() for _ in range(3)]


def start(
    ports: list[int], *, model_mode: str = "serves", models: str = "", worker: str = ""
) -> subprocess.Popen[str]:
    arguments = [CHILDREN, *map(str, ports), model_mode, worker]
    return subprocess.Popen(
        [sys.executable, "-c", LAUNCHER, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "MODELS": models},
    )


def lines_until(process: subprocess.Popen[str], word: str) -> list[str]:
    """The lines of the log up to the one that holds the word."""
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line.rstrip())
        if word in line:
            return lines
    raise AssertionError(f"{word!r} never came: {lines}")


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def pids(lines: list[str]) -> list[int]:
    return [int(line.rpartition(" ")[2]) for line in lines if " pid " in line]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_stops_both_and_leaves_nothing_running(ports: list[int], number: int) -> None:
    """Ctrl-C, SIGTERM and a closed terminal let both finish their work; the status is 0."""
    process = start(ports)
    before = lines_until(process, "ready: open http://127.0.0.1:")

    process.send_signal(number)
    after, errors = process.communicate(timeout=30)

    assert (process.returncode, errors) == (0, "")
    assert "model | model is done" in after
    assert "web   | web is done" in after
    assert len(pids(before)) == 2
    assert not any(map(is_running, pids(before)))


@pytest.mark.parametrize(
    ("models", "said"),
    [
        (
            '{"models": [{"name": "codes", "bundled": true}]}',
            ["run   | models: codes; `make models`"],
        ),
        ('{"models": []}', ["run   | no model is installed: `make models`"]),
        ("", []),
        ("not JSON", []),
        ("[]", []),
        ('{"models": [{"name": "codes"}]}', []),
    ],
    ids=["bundled", "none", "empty", "no JSON", "no object", "no such field"],
)
def test_models_are_named_when_all_is_ready(ports: list[int], models: str, said: list[str]) -> None:
    """The line before the address has the models, as far as the web app tells them."""
    process = start(ports, models=models)

    lines = lines_until(process, "ready: open")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)

    _starting, *between, _ready = [line for line in lines if line.startswith("run")]
    assert [line.partition(",")[0] for line in between] == said


def test_process_that_ignores_sigterm_is_killed(ports: list[int]) -> None:
    """A child that does not end by itself does not outlive the launcher."""
    process = start(ports, model_mode="stubborn")
    before = lines_until(process, "ready: open")

    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)

    assert process.returncode == 0
    assert not any(map(is_running, pids(before)))


def test_death_of_the_model_server_is_one_sentence(ports: list[int]) -> None:
    """When the model server dies, the other is stopped, and a sentence says what happened."""
    process = start(ports, model_mode="dies")

    output, errors = process.communicate(timeout=30)

    assert process.returncode == 1
    assert errors == (
        "The model server ended by itself with status 1; its last words stand above, "
        "marked `model`.\n"
    )
    assert "model | no model for you" in output
    assert not any(map(is_running, pids(output.splitlines())))


def test_equal_ports_are_one_sentence() -> None:
    """Two servers cannot share a port, and the variables are named before anything starts."""
    command = [sys.executable, "-m", "launcher", "--web-port", "8500"]

    answer = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)

    assert answer.returncode == 1
    assert answer.stderr.startswith("Three different ports are needed; WEB_PORT is 8500")
    assert answer.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("index", "said"),
    [(0, "WEB_PORT"), (1, "GRPC_PORT"), (2, "REST_PORT")],
    ids=["web", "grpc", "rest"],
)
def test_taken_port_is_one_sentence_and_starts_nothing(
    ports: list[int], index: int, said: str
) -> None:
    """A port that is in use is named, with the variable that chooses another."""
    with socket.create_server(("127.0.0.1", ports[index])):
        process = start(ports)
        output, errors = process.communicate(timeout=30)

    assert process.returncode == 1
    assert output == ""
    assert errors.startswith(f"Port {ports[index]} is taken")
    assert said in errors
    assert errors.count("\n") == 1


def test_video_worker_that_was_killed_is_started_again(ports: list[int]) -> None:
    """A worker that dies takes nothing along, and another one takes its place."""
    process = start(ports, worker="lasting")
    first = lines_until(process, "video pid")
    first += [] if any("ready" in line for line in first) else lines_until(process, "ready")

    os.kill(pids([line for line in first if "video pid" in line])[0], signal.SIGKILL)

    after = lines_until(process, "video | video pid")
    assert any("ended by itself with status -9; it is started again" in line for line in after)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 0
    assert not any(map(is_running, pids(first) + pids(after)))


def test_video_worker_that_cannot_work_is_left_alone(ports: list[int]) -> None:
    """One that ends right after its start would do so again; the others go on without it."""
    process = start(ports, worker="brief")
    first = lines_until(process, "video pid")
    first += [] if any("ready" in line for line in first) else lines_until(process, "ready")

    os.kill(pids([line for line in first if "video pid" in line])[0], signal.SIGKILL)

    lines_until(process, "right after its start; it is not started again")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 0
