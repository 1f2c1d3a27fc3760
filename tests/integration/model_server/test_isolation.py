"""Versions in worker processes: they answer as before, and what becomes of them when one ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import ml_dtypes
import numpy as np
import psutil
import pytest

from model_server.call import Call
from model_server.config import Flags
from model_server.isolation import supervisor
from model_server.isolation.runtime import IsolatedRuntime
from model_server.metrics import render
from model_server.runtimes import Servable, Tensor
from model_server.servable import ServableId
from model_server.status import Code, ServingError
from model_server.testing import wait_until
from tests.integration.model_server.obedient_models import BUILDER

ROOT = Path(__file__).resolve().parents[3]
Load = Callable[..., Servable]
NewChildren = Callable[[], set[psutil.Process]]


@pytest.fixture
def name() -> str:
    """A name that nothing else has counted for; metrics belong to the process."""
    return f"m{uuid4().hex}"


def loaded_from(path: Path, name: str, **flags: Any) -> Servable:
    """Load the version in a folder; whoever asks for it closes it."""
    set_flags = Flags(model_base_path="unused", isolate_models=True, **flags)
    return IsolatedRuntime(set_flags, BUILDER, Path.is_dir).load(ServableId(name, 1), path)


@pytest.fixture
def load(tmp_path: Path, name: str) -> Iterator[Load]:
    """A function that loads the version in `tmp_path`: `load(**flags)`."""
    loaded: list[Servable] = []

    def load_with(**flags: int) -> Servable:
        loaded.append(loaded_from(tmp_path, name, **flags))
        return loaded[-1]

    yield load_with
    (tmp_path / "go on").touch()
    for each in loaded:
        each.close()


@pytest.fixture
def new_children() -> NewChildren:
    """A function that returns the processes that this one started since the test began."""
    before = set(psutil.Process().children())
    return lambda: set(psutil.Process().children()) - before


def pid_of(servable: Servable) -> int:
    """Ask which process answers."""
    return int(servable.run("pid", {}, ["pid"], Call())["pid"])


def echo(servable: Servable, tensors: Mapping[str, Tensor], call: Call | None = None) -> None:
    """Send tensors there and back, and make sure that they arrive as they are."""
    answer = servable.run("echo", tensors, list(tensors), call or Call())

    assert list(answer) == list(tensors)
    for alias, tensor in tensors.items():
        assert answer[alias].dtype == tensor.dtype
        assert answer[alias].shape == tensor.shape
        assert np.array_equal(answer[alias], tensor)


def has_ended(pid: int) -> bool:
    """Whether a process is gone, or would be if its parent looked."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def metric(family: str, name: str) -> list[str]:
    """The lines of a family about a model."""
    lines = render().decode().splitlines()
    return [line for line in lines if family in line and name in line]


def strings(*values: bytes, shape: tuple[int, ...] = (-1,)) -> Tensor:
    array = np.empty(len(values), object)
    array[:] = values
    return array.reshape(shape)


def some_tensors() -> dict[str, Tensor]:
    """Tensors of all kinds, small and large."""
    random = np.random.default_rng(7)
    types = [
        np.bool_, np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64,
        np.float16, ml_dtypes.bfloat16, np.float32, np.float64, np.complex64, np.complex128,
    ]  # fmt: skip
    shapes = [(), (0, 3), (5,), (2, 3, 4), (100_000,), (3, 50_001)]
    return {
        f"{np.dtype(kind).name} {shape}": random.integers(0, 100, shape).astype(kind)
        for kind in types
        for shape in shapes
    } | {
        "string": np.array(b"\xff\x00", object),
        "no strings": strings(shape=(0, 2)),
        "strings": strings(b"", b"a" * 100_000, b"\x00", b"b", shape=(2, 2)),
        "a picture": random.integers(0, 256, (1, 480, 640, 3), np.uint8),
        "every other column": random.random((300, 400))[:, ::2],
        "the other way round": random.random((300, 400)).T,
    }


def test_tensors_of_every_kind_arrive_as_they_are(load: Load) -> None:
    """Whatever their type, shape, size and order in memory; one by one, and all in one call."""
    servable, tensors = load(), some_tensors()

    for alias, tensor in tensors.items():
        echo(servable, {alias: tensor})
    echo(servable, tensors)
    echo(servable, {})


def test_many_threads_share_two_workers(load: Load) -> None:
    """Eight threads send tensors of all sizes, up to 30 MB, and each gets its own back."""
    servable, tensors = load(workers_per_model=2), list(some_tensors().items())

    def call_often(seed: int) -> None:
        random = np.random.default_rng(seed)
        for index in random.permutation(len(tensors)):
            echo(servable, dict([tensors[index]]), Call.within(60))
            echo(servable, {"x": random.integers(0, 256, 1_000_000 + 1000 * seed, np.uint8)})
        echo(servable, {"x": random.integers(0, 256, 30_000_000, np.uint8)})

    with ThreadPoolExecutor(8) as pool:
        for caller in [pool.submit(call_often, seed) for seed in range(8)]:
            caller.result()


def test_what_a_model_keeps_is_not_overwritten_by_the_next_call(load: Load) -> None:
    """A variable that was assigned an input may share its memory."""
    servable = load()
    kept, other = np.full(1_000_000, 1, np.uint8), np.full(1_000_000, 2, np.uint8)

    servable.run("keep", {"x": kept}, [], Call())
    echo(servable, {"x": other})

    assert np.array_equal(servable.run("kept", {}, ["x"], Call())["x"], kept)


def test_answers_are_not_overwritten_by_the_next_call(load: Load) -> None:
    """An array belongs to whoever called for it."""
    servable = load()
    first = servable.run("echo", {"x": np.full(1_000_000, 1, np.uint8)}, ["x"], Call())["x"]

    echo(servable, {"x": np.full(1_000_000, 2, np.uint8)})

    assert first.min() == first.max() == 1


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
    program = ["-m", "tests.integration.model_server.isolated_server", str(tmp_path / "1")]
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
    program = ["-m", "tests.integration.model_server.isolated_cycles", str(tmp_path)]

    done = subprocess.run(
        [sys.executable, *program], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
