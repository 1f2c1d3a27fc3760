"""The model called with nothing around it: what every server is compared with.

It runs in a process of its own, as the server does, so that neither has TensorFlow's threads of the
other beside it, and in a session with TensorFlow's defaults, as the server's. Only the call itself
is timed.
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from serving_client import Array

__all__ = ["BareModel", "bare_model", "calls_per_second"]


class BareModel:
    """The model in the other process."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def call_s(self) -> float:
        """Seconds of one call."""
        return self._ask("call")

    def rate(self, callers: int, burst_s: float) -> float:
        """Calls per second with so many threads calling at once."""
        return self._ask("rate", callers, burst_s)

    def _ask(self, *words: object) -> float:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(words) + "\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline())


@contextmanager
def bare_model(
    saved_model: Path, input_name: str, output_names: Sequence[str], image: Array, folder: Path
) -> Iterator[BareModel]:
    """Loads a model in a process of its own.

    Args:
        saved_model: the version folder.
        input_name: the one input of `serving_default`.
        output_names: the outputs to compute.
        image: what to call it with.
        folder: a place for a file.
    """
    np.save(folder / "image.npy", image)
    arguments = [str(saved_model), input_name, ",".join(output_names), str(folder / "image.npy")]
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.bare", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        yield BareModel(process)
        assert process.stdin is not None
        process.stdin.close()


def calls_per_second(work: Callable[[], object], callers: int, burst_s: float) -> float:
    """The rate of so many threads that each call again as soon as they have an answer."""
    stop = threading.Event()

    def caller() -> int:
        count = 0
        while not stop.is_set():
            work()
            count += 1
        return count

    with ThreadPoolExecutor(callers) as pool:
        start = time.perf_counter()
        counts = [pool.submit(caller) for _ in range(callers)]
        stop.wait(burst_s)
        stop.set()
        total = sum(each.result() for each in counts)
        return total / (time.perf_counter() - start)


def _loaded(saved_model: str, input_name: str, output_names: Sequence[str]) -> Callable[[Any], Any]:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf  # noqa: PLC0415  heavy, and only this process needs it

    graph = tf.Graph()
    with graph.as_default():
        session = tf.compat.v1.Session(graph=graph)
        meta = tf.compat.v1.saved_model.loader.load(session, ["serve"], saved_model)
    signature = meta.signature_def["serving_default"]
    fetches = [signature.outputs[name].name for name in output_names]
    call: Callable[[Any], Any] = session.make_callable(fetches, [signature.inputs[input_name].name])
    return call


def _main(saved_model: str, input_name: str, output_names: str, image_file: str) -> None:
    call = _loaded(saved_model, input_name, output_names.split(","))
    image = np.load(image_file)
    call(image)
    for line in sys.stdin:
        word, *options = json.loads(line)
        start = time.perf_counter()
        if word == "rate":
            answer = calls_per_second(lambda: call(image), *options)
        else:
            call(image)
            answer = time.perf_counter() - start
        print(answer, flush=True)


if __name__ == "__main__":
    _main(*sys.argv[1:])
