"""A client across a fork of its process: whatever the parent was doing, the child can call."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import grpc
import pytest

from tests.integration.serving_client.raw_server import ANSWER, RawServer

CHILD_LIMIT_S = 30

PROGRAM = """
import os, sys, threading
import numpy as np
from serving_client import Hedge, ModelRef, ServingClient

target, hedge_s, busy, forks = sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
client = ServingClient(target, hedge=Hedge(hedge_s or None), check_inputs=False)

def call(name):
    return client.predict(ModelRef("raw"), {name: np.zeros(3)}, timeout_s=60).model.version

def say(*words):
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())

call("fast")
threads = [threading.Thread(target=lambda: say("parent", call("slow"))) for _ in range(busy)]
for thread in threads:
    thread.start()
sys.stdin.readline()
for _ in range(forks):
    child = os.fork()
    if not child:
        say("child", call("fast"))
        client.close()
        sys.exit(0)
    _, status = os.waitpid(child, 0)
    say("status", status)
say("forked")
for thread in threads:
    thread.join()
say("parent", call("fast"))
client.close()
"""


class Gated:
    """Answers calls for "slow" when the test opens the gate, and others at once."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.waiting = threading.Semaphore(0)

    def answer(self, request: bytes, _: grpc.ServicerContext) -> bytes:
        if b"slow" in request:
            self.waiting.release()
            assert self.gate.wait(60)
        return ANSWER


@pytest.fixture
def gated() -> Iterator[Gated]:
    made = Gated()
    yield made
    made.gate.set()


@pytest.fixture
def server(gated: Gated, free_port: Callable[[], int]) -> Iterator[RawServer]:
    with RawServer(f"127.0.0.1:{free_port()}", gated.answer) as running:
        yield running


@pytest.fixture
def start(server: RawServer) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """A function that starts the program; its processes are gone at the end of the test."""
    running: list[subprocess.Popen[str]] = []

    def run(*args: object, target: str = server.address) -> "subprocess.Popen[str]":
        program = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, target, *map(str, args)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        running.append(program)
        return program

    yield run
    for each in running:
        if each.poll() is None:
            os.killpg(each.pid, signal.SIGKILL)
        each.communicate()


@pytest.mark.parametrize("busy", [0, 3], ids=["at rest", "in flight"])
def test_forked_child_makes_connections_of_its_own(
    start: Callable[..., "subprocess.Popen[str]"], server: RawServer, gated: Gated, busy: int
) -> None:
    """Without the gRPC library, calls of the parent simply go on while children make theirs."""
    program = start(0, busy, 2, target=f"h2://{server.address}")
    assert program.stdin
    for _ in range(busy):
        assert gated.waiting.acquire(timeout=30)

    program.stdin.write("go on\n")
    program.stdin.flush()
    assert program.stdout
    lines = [program.stdout.readline().strip() for _ in range(5)]
    gated.gate.set()
    said, _ = program.communicate(timeout=120)

    assert program.returncode == 0
    assert sorted(lines) == ["child 1", "child 1", "forked", "status 0", "status 0"]
    assert said.splitlines() == ["parent 1"] * (busy + 1)
    assert not gated.waiting.acquire(blocking=False)


@pytest.mark.parametrize("hedge_s", [0, 0.001], ids=["alone", "raced"])
@pytest.mark.parametrize("busy", [0, 3], ids=["at rest", "in flight"])
def test_forked_child_can_call(
    start: Callable[..., "subprocess.Popen[str]"], gated: Gated, busy: int, hedge_s: float
) -> None:
    """Children get answers while calls of the parent are under way, which get theirs later."""
    forks = 2
    program = start(hedge_s, busy, forks)
    assert program.stdin
    assert program.stdout
    for _ in range(busy):
        assert gated.waiting.acquire(timeout=30)

    program.stdin.write("go on\n")
    program.stdin.flush()
    if busy:
        for _ in range(busy):  # they are sent again after the first fork
            assert gated.waiting.acquire(timeout=60)
        gated.gate.set()
    said, _ = program.communicate(timeout=120)

    assert program.returncode == 0
    lines = said.splitlines()
    assert lines.count("child 1") == lines.count("status 0") == forks
    assert lines.count("parent 1") == busy + 1
