"""Worker processes as such: their threads, logs and signals, and their end."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from model_server.call import Call
from model_server.testing import wait_until
from tests.integration.model_server.isolation.isolated import (
    Load,
    has_ended,
    loaded_from,
    pid_of,
)

ROOT = Path(__file__).resolve().parents[4]


def test_time_is_told_by_stage(load: Load, tmp_path: Path) -> None:
    """What the model took is "run", and the way there and back "ship"."""
    servable, call = load(), Call()
    (tmp_path / "go on").touch()

    started = time.perf_counter()
    servable.run("hold", {"x": np.zeros(1_000_000)}, ["x"], call)
    took_s = time.perf_counter() - started

    assert set(call.spent_s) == {"run", "ship"}
    assert all(seconds > 0 for seconds in call.spent_s.values())
    assert sum(call.spent_s.values()) <= took_s


@pytest.mark.parametrize(
    ("flags", "threads"),
    [
        ({}, (0, 0)),
        ({"tensorflow_session_parallelism": 3}, (3, 3)),
        ({"tensorflow_intra_op_parallelism": 5, "workers_per_model": 2}, (5, None)),
    ],
)
def test_the_flags_of_tensorflows_threads_reach_the_workers(
    load: Load, flags: dict[str, int], threads: tuple[int, int | None]
) -> None:
    """What was chosen holds for each worker; several of them share out what was not."""
    servable = load(**flags)

    intra, inter = servable.run("threads", {}, ["threads"], Call())["threads"].tolist()

    share = max(1, len(os.sched_getaffinity(0)) // 2)
    assert (intra, inter) == tuple(share if each is None else each for each in threads)


def test_the_log_of_a_worker_says_whose_it_is(
    load: Load, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each line on stdout and stderr has the model, the version and the worker in front."""
    load().run("print", {}, [], Call())

    log: list[str] = []

    def is_complete() -> bool:
        log.append(capsys.readouterr().err)
        return "a library" in "".join(log)

    wait_until(is_complete)
    prefix = f"{{name: {name} version: 1}} worker 0: "
    assert f"{prefix}said by print\n{prefix}written by a library\n" in "".join(log)


def test_a_signal_to_all_processes_of_a_service_ends_no_worker(load: Load) -> None:
    """Only the server ends its workers, because it knows which calls are still to be answered."""
    servable = load()
    pid = pid_of(servable)

    subprocess.run(["kill", "-TERM", str(pid)], check=True)
    subprocess.run(["kill", "-INT", str(pid)], check=True)

    assert [pid_of(servable) for _ in range(20)] == [pid] * 20


def test_a_worker_is_in_the_session_of_its_server_but_not_in_its_group(load: Load) -> None:
    """The kernel shares processors out among sessions; Ctrl-C goes to a whole group."""
    pid = pid_of(load())

    assert os.getsid(pid) == os.getsid(0)
    assert os.getpgid(pid) == pid != os.getpgrp()


def test_a_worker_that_does_not_listen_is_killed(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unload ends, whatever state the worker is in."""
    for module in ("supervisor", "process"):
        monkeypatch.setattr(f"model_server.isolation.{module}._GRACE_S", 0.1)
    servable = loaded_from(tmp_path, name)
    pid = pid_of(servable)
    os.kill(pid, signal.SIGSTOP)

    servable.close()

    assert has_ended(pid)


def test_nothing_outlives_a_server_that_is_killed(tmp_path: Path) -> None:
    """Its worker ends by itself, no file stays, and the shared memory had no name to begin with."""
    temporary = tmp_path / "temporary"
    for folder in (temporary, tmp_path / "1"):
        folder.mkdir()
    program = [
        "-m",
        "tests.integration.model_server.isolation.isolated_server",
        str(tmp_path / "1"),
    ]
    with subprocess.Popen(
        [sys.executable, *program],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(temporary)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as server:
        assert server.stdout
        pid = int(server.stdout.readline())
        memory = Path(f"/proc/{pid}/maps").read_text()
        server.kill()

    wait_until(lambda: has_ended(pid))
    assert list(temporary.iterdir()) == []
    assert "/memfd:tensors" in memory
    assert "/dev/shm/" not in memory  # noqa: S108  # not used, on the contrary


@pytest.mark.timeout(1800)
def test_two_hundred_loads_leave_nothing_behind(tmp_path: Path) -> None:
    """Descriptors, threads and files are as before, and the memory of the server is steady."""
    program = ["-m", "tests.integration.model_server.isolation.isolated_cycles", str(tmp_path)]

    done = subprocess.run(
        [sys.executable, *program], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
