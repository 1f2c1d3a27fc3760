"""The program with --isolate_models: TensorFlow in workers only, and answers as without them."""

import shutil
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import grpc
import numpy as np
import psutil
import pytest
import tensorflow as tf

from model_server.call import Call
from model_server.config import Flags
from model_server.isolation.runtime import IsolatedRuntime
from model_server.runtimes import Servable, Tensor
from model_server.runtimes.assembly import in_process_runtime_of, runtime_of
from model_server.servable import ServableId
from model_server.status import ServingError
from model_server.testing import wait_until
from tests.integration.model_server.servers import Client, Process, connect, unused_ports
from tests.integration.model_server.tiny_models import ECHOED, publish

Start = Callable[..., Process]
pytestmark = pytest.mark.timeout(900)  # TensorFlow is imported by several processes

X = {"x": tf.make_tensor_proto(np.array([2], np.float32))}


@dataclass(frozen=True, slots=True)
class Server:
    """The program, a client of it, and the folder that it serves."""

    process: Process
    client: Client
    base_path: Path

    def workers(self) -> list[psutil.Process]:
        return psutil.Process(self.process.popen.pid).children()

    def is_up(self) -> bool:
        assert self.process.popen.poll() is None, self.process.log
        try:
            return self.client.health_of("half") == "SERVING"
        except grpc.RpcError:
            return False


@pytest.fixture
def server(start_process: Start, models: Path, tmp_path: Path) -> Server:
    """The program with one version of `half`, once it is up."""
    port, rest_port = unused_ports(2)
    flags = Flags(port=port, rest_api_port=rest_port, model_base_path="unused")
    base_path = tmp_path / "half"
    publish(models / "half" / "1", base_path)
    process = start_process(
        "--isolate_models", "--model_name=half", f"--model_base_path={base_path}",
        f"--port={port}", f"--rest_api_port={rest_port}", "--file_system_poll_wait_seconds=0.1",
    )  # fmt: skip
    started = Server(process, connect(flags), base_path)
    wait_until(started.is_up, 400)
    return started


def has_tensorflow(pid: int) -> bool:
    return "libtensorflow" in Path(f"/proc/{pid}/maps").read_text()


def test_versions_live_and_die_in_processes_of_their_own(server: Server, models: Path) -> None:
    """TensorFlow is in the workers only; one that dies is replaced; an unload ends it."""
    (worker,) = server.workers()
    assert server.client.predict("half", X)["y"].tolist() == [2.0]
    assert has_tensorflow(worker.pid)
    assert not has_tensorflow(server.process.popen.pid)

    worker.kill()
    wait_until(lambda: _outcome(server) == "UNAVAILABLE")
    wait_until(lambda: _outcome(server) == "2.0", 400)
    assert "{name: half version: 1} worker 0 was killed by SIGKILL" in server.process.log

    (replacement,) = server.workers()
    publish(models / "half" / "2", server.base_path)
    wait_until(lambda: _outcome(server) == "3.0", 400)
    wait_until(lambda: not replacement.is_running())

    server.process.popen.send_signal(signal.SIGTERM)
    assert server.process.popen.wait(60) == 0


def _outcome(server: Server) -> str:
    try:
        return str(float(server.client.predict("half", X)["y"][0]))
    except grpc.RpcError as error:
        return str(error.code().name)


def test_a_stop_of_all_processes_leaves_nothing(server: Server) -> None:
    """Some send SIGTERM to every process of a service; the workers go with the server."""
    (worker,) = server.workers()

    worker.terminate()
    assert _outcome(server) == "2.0"
    server.process.popen.send_signal(signal.SIGTERM)

    assert server.process.popen.wait(60) == 0
    wait_until(lambda: not worker.is_running())


@pytest.fixture(scope="module")
def both(models: Path) -> Iterator[tuple[Servable, Servable]]:
    """The model that can do a lot, in this process and in a worker."""
    flags = Flags(model_base_path="unused", isolate_models=True, enable_model_warmup=False)
    runtime = runtime_of(flags)
    assert isinstance(runtime, IsolatedRuntime)
    version, path = ServableId("kitchen", 1), models / "kitchen" / "1"
    isolated = runtime.load(version, path)
    within = in_process_runtime_of(flags).load(version, path)
    yield within, isolated
    within.close()
    isolated.close()


def test_signatures_are_the_same(both: tuple[Servable, Servable]) -> None:
    """They come from the worker, once."""
    within, isolated = both

    assert dict(isolated.signatures) == dict(within.signatures)


@pytest.mark.parametrize("dtype", [each.name for each in ECHOED])
@pytest.mark.parametrize("shape", [(), (0, 3), (2, 3), (300, 1000)])
def test_answers_are_the_same(
    both: tuple[Servable, Servable], dtype: str, shape: tuple[int, ...]
) -> None:
    """Of every type of TensorFlow, in every size."""
    inputs = {"value": _some_values(dtype, shape)}

    expected, got = (each.run(f"echo_{dtype}", inputs, ["value"], Call())["value"] for each in both)

    assert (got.dtype, got.shape) == (expected.dtype, expected.shape)
    assert got.tolist() == expected.tolist()


def _some_values(dtype: str, shape: tuple[int, ...]) -> Tensor:
    numbers = np.random.default_rng(5).integers(0, 100, shape)
    if dtype == "string":
        return np.array([b"\x00%d" % each for each in numbers.ravel()], object).reshape(shape)
    return np.asarray(numbers).astype(tf.as_dtype(dtype).as_numpy_dtype)


@pytest.mark.parametrize(
    ("signature", "inputs", "outputs", "call_s"),
    [
        ("fail", {"message": np.array(b"burnt", object)}, ["message"], None),
        (
            "serving_default",
            {"a": np.zeros(2, np.int8), "b": np.zeros(2, np.float32)},
            ["sum"],
            None,
        ),
        (
            "serving_default",
            {"a": np.zeros(2, np.float32), "b": np.zeros(3, np.float32)},
            ["sum"],
            None,
        ),
        ("serving_default", {"c": np.zeros(2, np.float32)}, ["sum"], None),
        ("serving_default", {"a": np.zeros(2, np.float32)}, ["sum"], None),
        ("count", {"steps": np.array(10**15)}, ["counted"], 0.5),
    ],
)
def test_errors_are_the_same(
    both: tuple[Servable, Servable],
    signature: str,
    inputs: dict[str, Tensor],
    outputs: list[str],
    call_s: float | None,
) -> None:
    """Their codes always, and what they say; not which of several nodes failed first."""
    errors = []
    for servable in both:
        with pytest.raises(ServingError) as caught:
            servable.run(signature, inputs, outputs, Call.within(call_s))
        errors.append(caught.value)

    within, isolated = errors
    assert isolated.code == within.code
    if call_s is None:
        assert isolated.message.partition("\n\t [[")[0] == within.message.partition("\n\t [[")[0]


def test_a_model_that_cannot_be_loaded_says_the_same(tmp_path: Path, models: Path) -> None:
    """The status of a model does not depend on where it would have run."""
    shutil.copytree(models / "half" / "1", tmp_path / "1")
    (tmp_path / "1" / "saved_model.pb").write_bytes(b"garbage")
    flags = Flags(model_base_path="unused", isolate_models=True, enable_model_warmup=False)
    before, errors = psutil.Process().children(), []
    for runtime in (in_process_runtime_of(flags), runtime_of(flags)):
        with pytest.raises(ServingError) as caught:
            runtime.load(ServableId("half", 1), tmp_path / "1")
        errors.append(str(caught.value))

    assert errors[0] == errors[1]
    assert psutil.Process().children() == before
