"""Calls that wait for a worker process, and those whose clients wait no more."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from model_server.call import Call
from model_server.runtimes import Servable
from model_server.status import Code, ServingError
from model_server.testing import wait_until
from tests.integration.model_server.isolation.isolated import (
    Load,
    echo,
    metric,
    pid_of,
)


def test_calls_go_to_the_least_busy_worker(load: Load, tmp_path: Path) -> None:
    """While one worker is held, the other one gets all calls; of idle ones each has its turn."""
    servable = load(workers_per_model=2)
    idle = [pid_of(servable) for _ in range(4)]

    with ThreadPoolExecutor(1) as pool:
        hold = pool.submit(servable.run, "hold", {}, ["pid"], Call())
        wait_until(lambda: list(tmp_path.glob("held by *")))
        others = {pid_of(servable) for _ in range(4)}
        (tmp_path / "go on").touch()
        held = int(hold.result()["pid"])

    assert idle[0] != idle[1]
    assert idle[:2] == idle[2:]
    assert others == set(idle) - {held}


def test_a_call_is_given_up_at_its_deadline_and_its_answer_discarded(
    load: Load, tmp_path: Path
) -> None:
    """The call after it gets its own answer, and no memory is lost."""
    servable = load(grpc_max_threads=1, rest_api_num_threads=1)

    with pytest.raises(ServingError) as caught:
        servable.run("hold", {"x": np.zeros(1_000_000)}, ["x"], Call.within(0.2))
    wait_until(lambda: list(tmp_path.glob("held by *")))
    echo(servable, {"x": np.ones(1_000_000)})
    (tmp_path / "go on").touch()
    for _ in range(5):
        echo(servable, {"x": np.ones(1_000_000)})

    assert caught.value.code is Code.DEADLINE_EXCEEDED


def test_a_call_whose_client_leaves_is_given_up(load: Load, tmp_path: Path) -> None:
    """The thread of the server is free again, whatever the model does."""
    servable = load()
    held = lambda: bool(list(tmp_path.glob("held by *")))  # noqa: E731  # when the client leaves

    with pytest.raises(ServingError) as caught:
        servable.run("hold", {}, ["pid"], Call(has_left=held))

    assert caught.value.code is Code.CANCELLED


def test_a_call_that_was_given_up_before_it_ran_is_dropped(load: Load, name: str) -> None:
    """A worker that comes to itself again runs only what somebody waits for."""
    servable = load()
    pid = pid_of(servable)
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: has_stopped(pid))

    try:
        for call in (Call.within(0.1), Call(has_left=lambda: True)):
            with pytest.raises(ServingError):
                servable.run("pid", {}, ["pid"], call)
    finally:
        os.kill(pid, signal.SIGCONT)
    wait_until(lambda: metric_after_a_call(servable, name))

    dropped = f':sightline:serving:dropped_count{{model_name="{name}",model_version="1",'
    assert f'{dropped}signature_name="pid",reason="deadline"}} 1' in metric("dropped", name)


def has_stopped(pid: int) -> bool:
    """Whether each thread of a process has stopped."""
    states = [
        path.read_text().rpartition(")")[2] for path in Path("/proc").glob(f"{pid}/task/*/stat")
    ]
    return all(state.split()[0] == "T" for state in states)


def metric_after_a_call(servable: Servable, name: str) -> list[str]:
    """Late answers are looked at when the next call comes."""
    pid_of(servable)
    return metric("dropped", name)


def test_calls_wait_for_a_lane_no_longer_than_their_clients(
    load: Load, tmp_path: Path, name: str
) -> None:
    """A worker has only so many calls at a time; who gives up in the queue is counted."""
    servable = load(grpc_max_threads=1, rest_api_num_threads=1)

    with ThreadPoolExecutor(2) as pool:
        holds = [pool.submit(servable.run, "hold", {}, ["pid"], Call()) for _ in range(2)]
        wait_until(lambda: list(tmp_path.glob("held by *")))
        wait_until(lambda: fails_with(servable, Call.within(0.1)) is Code.DEADLINE_EXCEEDED)
        left = fails_with(servable, Call(has_left=lambda: True))
        (tmp_path / "go on").touch()
        for hold in holds:
            hold.result()

    assert left is Code.CANCELLED
    assert {line.split("reason=")[1] for line in metric("dropped", name)} >= {'"client left"} 1'}


def fails_with(servable: Servable, call: Call) -> Code | None:
    try:
        servable.run("pid", {}, ["pid"], call)
    except ServingError as error:
        return error.code
    return None
