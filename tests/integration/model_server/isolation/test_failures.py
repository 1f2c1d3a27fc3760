"""Runs and loads that fail in a worker process, and what becomes of calls when one ends."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from model_server.call import Call
from model_server.isolation import supervisor
from model_server.runtimes import Servable
from model_server.status import Code, ServingError
from model_server.testing import wait_until
from tests.integration.model_server.isolation.isolated import (
    Load,
    NewChildren,
    loaded_from,
    metric,
    pid_of,
)


@pytest.mark.parametrize(
    ("signature", "code", "message"),
    [
        ("fail", Code.OUT_OF_RANGE, "that is too far"),
        ("bug", Code.INTERNAL, "ZeroDivisionError: by zero"),
        (
            "odd",
            Code.UNIMPLEMENTED,
            "output q: expected a data type that TensorFlow shares, got [('qint8', 'i1')]",
        ),
    ],
)
def test_what_goes_wrong_in_a_run_is_told(
    load: Load, signature: str, code: Code, message: str
) -> None:
    """The error is that of the model, and the worker goes on."""
    servable = load()
    pid = pid_of(servable)

    with pytest.raises(ServingError) as caught:
        servable.run(signature, {}, [], Call())

    assert (caught.value.code, caught.value.message) == (code, message)
    assert pid_of(servable) == pid


@pytest.mark.parametrize(
    ("file", "error"),
    [
        ("error", "DATA_LOSS: the file is garbage"),
        ("bug", "INTERNAL: ZeroDivisionError: by zero"),
        (
            "die",
            (
                "UNAVAILABLE: The worker process of {{name: {name} version: 1}} was killed by "
                "SIGKILL (as the system does when memory runs out) while it loaded the version"
            ),
        ),
    ],
)
def test_a_load_that_fails_says_why_and_leaves_no_worker(
    *, load: Load, tmp_path: Path, name: str, file: str, error: str, new_children: NewChildren
) -> None:
    """The error is the one that there would be without a worker."""
    (tmp_path / file).write_text(error)

    with pytest.raises(ServingError) as caught:
        load(workers_per_model=2)

    assert str(caught.value) == error.format(name=name)
    assert new_children() == set()


def test_a_load_that_hangs_ends_when_one_of_its_workers_does(
    load: Load, tmp_path: Path, new_children: NewChildren
) -> None:
    """A worker that is killed while it loads fails the load, and takes the others along."""
    (tmp_path / "wait").touch()

    with ThreadPoolExecutor(1) as pool:
        loading = pool.submit(load, workers_per_model=2)
        wait_until(lambda: (tmp_path / "loading").exists() and (tmp_path / "loading").read_text())
        os.kill(int((tmp_path / "loading").read_text()), signal.SIGKILL)
        error = loading.exception()

    assert isinstance(error, ServingError)
    assert error.code is Code.UNAVAILABLE
    assert "while it loaded the version" in error.message
    assert new_children() == set()


def test_a_crash_fails_the_calls_of_one_worker_and_no_others(
    load: Load, tmp_path: Path, name: str
) -> None:
    """Its calls are UNAVAILABLE, the other worker answers meanwhile, and it is replaced."""
    servable = load(workers_per_model=2)
    pids = {pid_of(servable), pid_of(servable)}

    with ThreadPoolExecutor(2) as pool:
        holds = [pool.submit(servable.run, "hold", {}, ["pid"], Call()) for _ in range(2)]
        wait_until(lambda: len(list(tmp_path.glob("held by *"))) == 2)
        victim = min(pids)
        os.kill(victim, signal.SIGKILL)
        wait_until(lambda: any(each.done() for each in holds))
        survivors = {pid_of(servable) for _ in range(5)}
        (tmp_path / "go on").touch()
        (error,) = (each.exception() for each in holds if each.exception())
        (answer,) = (each.result() for each in holds if not each.exception())

    assert len(pids) == 2
    assert survivors == pids - {victim}
    assert int(answer["pid"]) in survivors
    assert str(error).startswith(
        f"UNAVAILABLE: The worker process of {{name: {name} version: 1}} was killed by SIGKILL"
    )
    wait_until(lambda: len({pid_of(servable), pid_of(servable)}) == 2)
    assert metric("worker_restart_count", name) == [
        f':sightline:serving:worker_restart_count{{model_name="{name}",model_version="1"}} 1'
    ]


def test_a_crash_within_a_call_is_named(load: Load) -> None:
    """Whoever reads the error knows what to look for."""
    servable = load()

    with pytest.raises(ServingError) as caught:
        servable.run("die", {}, [], Call())

    assert caught.value.code is Code.UNAVAILABLE
    assert "was killed by SIGSEGV while it had the call; another one is being" in str(caught.value)


def answers(servable: Servable) -> bool:
    """Whether a version is up; any error but that it is not fails the test."""
    try:
        pid_of(servable)
    except ServingError as error:
        assert error.code is Code.UNAVAILABLE, error  # noqa: PT017  # the rest is answered below
        return False
    return True


def test_a_worker_that_cannot_come_up_again_is_tried_until_it_can(
    load: Load, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until then calls fail at once, and say why."""
    monkeypatch.setattr(supervisor, "_PAUSES_S", (0.0, 0.01))
    servable = load()
    (tmp_path / "error").write_text("NOT_FOUND: the file is gone")

    os.kill(pid_of(servable), signal.SIGKILL)
    wait_until(lambda: metric("worker_restart_count", name))
    wait_until(lambda: int(metric("worker_restart_count", name)[0].split()[-1]) > 2)
    with pytest.raises(ServingError) as caught:
        servable.run("pid", {}, ["pid"], Call())
    (tmp_path / "error").unlink()

    assert str(caught.value) == (
        f"UNAVAILABLE: No worker process of {{name: {name} version: 1}} is up: the last one could "
        "not be started: NOT_FOUND: the file is gone. Another one is being started."
    )
    wait_until(lambda: answers(servable))


def test_a_version_can_be_unloaded_while_a_worker_cannot_come_up(
    tmp_path: Path, name: str, new_children: NewChildren
) -> None:
    """Neither a load that hangs nor a pause between tries holds the unload up."""
    servable = loaded_from(tmp_path, name)
    (tmp_path / "wait").touch()
    os.kill(pid_of(servable), signal.SIGKILL)
    wait_until((tmp_path / "loading").exists)

    servable.close()

    assert new_children() == set()
    assert metric("worker_memory", name) == []
