"""Import time and memory of `serving_client`, against the official API and TensorFlow."""

import json
import subprocess
import sys
from collections.abc import Iterator
from statistics import median

from benchmarks.measure import Row

__all__ = ["rows"]

_ROUNDS = 5
_PROGRAM = """
import json, os, time
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
start = time.perf_counter()
{imports}
request = {request}
seconds = time.perf_counter() - start
# Not getrusage: its maximum survives exec, so it would be that of whoever started this.
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps([seconds, int(peak) / 1024]))
"""
_SIDES = {
    "ours": _PROGRAM.format(
        imports="import numpy as np\nfrom serving_client import ModelRef, ServingClient\n"
        "from serving_client.testing import PredictCall",
        request="PredictCall(ModelRef('m'), {'x': np.zeros((1, 320, 320, 3), np.uint8)}).encode()",
    ),
    "official": _PROGRAM.format(
        imports="import numpy as np, tensorflow as tf\n"
        "from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc",
        request="predict_pb2.PredictRequest(inputs={'x': tf.make_tensor_proto("
        "np.zeros((1, 320, 320, 3), np.uint8))}).SerializeToString()",
    ),
}


def rows() -> Iterator[Row]:
    """Yields import time and peak memory, up to the first request."""
    figures: dict[str, list[tuple[float, float]]] = {name: [] for name in _SIDES}
    for _ in range(_ROUNDS):
        for name, program in _SIDES.items():
            figures[name].append(_run(program))
    for index, (what, unit, target) in enumerate(
        (("import, first request", "s", 15), ("peak memory", "MB", 8))
    ):
        ours, other = (median(each[index] for each in figures[name]) for name in _SIDES)
        yield Row(
            "start of a client",
            what,
            f"{ours:.2f} {unit}",
            f"{other:.2f} {unit} (tensorflow-serving-api)",
            f"{other / ours:.1f}x less",
            f"at least {target}x",
            other / ours >= target,
            {"ours": ours, "official": other, "unit": unit, "rounds": _ROUNDS},
        )


def _run(program: str) -> tuple[float, float]:
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    seconds, megabytes = json.loads(answer.stdout.splitlines()[-1])
    return seconds, megabytes
