"""Sixteen callers of one server, with batching and without.

Batching saves runs, so it pays where a run costs much beside a row. The model that shows it is a
small recurrent network: a run starts some tiny operations for each step, one after the other, and
takes about as long for sixteen rows as for one. There are two of them, because the calls have a
price, too: with few steps a run costs no more than what gRPC in Python takes for sixteen calls. The
model beside them is the other end: a single matrix product, where there is nothing to save.

The callers use `h2://`, which takes least of the processors that they share with the server.

TensorFlow writes a network in a process of its own: `python -m benchmarks.batching FOLDER STEPS`.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks import tiny_model
from benchmarks.bare import calls_per_second
from benchmarks.measure import Row, in_turns
from benchmarks.processes import free_port, process
from serving_client import ModelRef, ServingClient

__all__ = ["rows"]

_GROUP = "Batching"
_STEPS = (64, 256)
_NUMBERS, _UNITS = 4, 32
_CALLERS = 16
_BURST_S = 2.0
_BURSTS = 5
_WARM_UP_S = 0.5
_ROUNDS = 200
_READY_S = 120.0

# One thread: while it runs a batch, the next one fills up.
_PARAMETERS = f"max_batch_size {{ value: {_CALLERS} }} num_batch_threads {{ value: 1 }}"


@dataclass(frozen=True, slots=True)
class _Pair:
    """The same call to a server that batches, and to one that does not."""

    batched: Callable[[], object]
    single: Callable[[], object]


def rows() -> Iterator[Row]:
    """Yields throughput of sixteen callers, and what a lone caller pays for it."""
    with tempfile.TemporaryDirectory() as folder:
        for steps in _STEPS:
            name, network = f"recurrent network, {steps} steps", Path(folder) / f"rnn{steps}"
            _save_network(network / "1", steps)
            with _pair(network, steps * _NUMBERS) as pair:
                yield _throughput(name, pair, has_target=True)
                yield _latency(name, pair)
        product = Path(folder) / tiny_model.NAME
        tiny_model.save_tiny_model(product / "1")
        with _pair(product, tiny_model.SIZE) as pair:
            yield _throughput("one matrix product", pair, has_target=False)


def _throughput(name: str, pair: _Pair, *, has_target: bool) -> Row:
    rates: dict[str, list[float]] = {"batched": [], "single": []}
    for work in (pair.batched, pair.single):
        calls_per_second(work, _CALLERS, _WARM_UP_S)
    for _ in range(_BURSTS):
        rates["single"].append(calls_per_second(pair.single, _CALLERS, _BURST_S))
        rates["batched"].append(calls_per_second(pair.batched, _CALLERS, _BURST_S))
    # Of each pair: what the machine does changes from minute to minute.
    ratio = median(b / s for b, s in zip(rates["batched"], rates["single"], strict=True))
    return Row(
        _GROUP,
        f"{name}, {_CALLERS} callers, calls per second",
        f"{median(rates['batched']):.0f}",
        f"{median(rates['single']):.0f} (without batching)",
        f"{ratio:.2f}x",
        "at least 1.5x" if has_target else "",
        ratio >= 1.5 if has_target else None,  # noqa: PLR2004  the target
        {"batched_per_s": rates["batched"], "single_per_s": rates["single"], "burst_s": _BURST_S},
    )


def _latency(name: str, pair: _Pair) -> Row:
    times = in_turns({"batched": pair.batched, "single": pair.single}, _ROUNDS)
    batched, single = times["batched"], times["single"]
    extra_ms = (batched.p50 - single.p50) * 1000
    return Row(
        _GROUP,
        f"{name}, one caller, p50 / p99",
        f"{batched.p50 * 1000:.2f} / {batched.p99 * 1000:.2f} ms",
        f"{single.p50 * 1000:.2f} / {single.p99 * 1000:.2f} ms (without batching)",
        f"{extra_ms:+.2f} ms",
        figures={"batched_p50_s": batched.p50, "batched_p99_s": batched.p99,
                 "single_p50_s": single.p50, "single_p99_s": single.p99, "rounds": _ROUNDS},
    )  # fmt: skip


@contextmanager
def _pair(base_path: Path, size: int) -> Iterator[_Pair]:
    """Serves a model of `x` float32 [N, size] twice."""
    parameters = base_path / "batching.config"
    parameters.write_text(_PARAMETERS)
    batching = ("--enable_batching", f"--batching_parameters_file={parameters}")
    inputs = {"x": np.ones((1, size), np.float32)}
    with _server(base_path, *batching) as batched, _server(base_path) as single:
        ref = ModelRef(base_path.name)
        yield _Pair(lambda: batched.predict(ref, inputs), lambda: single.predict(ref, inputs))


@contextmanager
def _server(base_path: Path, *flags: str) -> Iterator[ServingClient]:
    port = free_port()
    arguments = [
        "model_server",
        f"--port={port}",
        f"--model_name={base_path.name}",
        f"--model_base_path={base_path}",
        f"--grpc_max_threads={_CALLERS}",  # a call that waits for its batch holds a thread
        "--enable_serialization_as_tensor_content",
    ]
    with process([*arguments, *flags]), ServingClient(f"h2://127.0.0.1:{port}") as client:
        client.wait_ready(base_path.name, timeout_s=_READY_S)
        yield client


def _save_network(folder: Path, steps: int) -> None:
    arguments = [sys.executable, "-m", "benchmarks.batching", str(folder), str(steps)]
    environ = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    subprocess.run(arguments, check=True, env=environ, stderr=subprocess.DEVNULL)


def _main(folder: str, step_count: int) -> None:
    import tensorflow as tf  # noqa: PLC0415  heavy, and only this process needs it

    module = tf.Module()
    module.cell = tf.Variable(
        tf.random.stateless_normal([_NUMBERS + _UNITS, 2 * _UNITS], [1, 2], stddev=0.1)
    )

    def step(state: Any, numbers: Any) -> Any:
        gate, new = tf.split(tf.concat([numbers, state], 1) @ module.cell, 2, axis=1)
        gate = tf.sigmoid(gate)
        return gate * state + (1 - gate) * tf.tanh(new)

    def network(x: Any) -> dict[str, Any]:
        steps = tf.transpose(tf.reshape(x, [-1, step_count, _NUMBERS]), [1, 0, 2])
        return {"y": tf.foldl(step, steps, tf.zeros([tf.shape(x)[0], _UNITS]))}

    spec = tf.TensorSpec([None, step_count * _NUMBERS], tf.float32, "x")
    signature = tf.function(network, input_signature=[spec]).get_concrete_function()
    tf.saved_model.save(module, folder, signatures=signature)


if __name__ == "__main__":
    _main(sys.argv[1], int(sys.argv[2]))
