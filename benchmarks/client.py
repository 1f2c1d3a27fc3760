"""What the client costs, beside the official stub, beside REST, and with asyncio."""

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.callers import Callers, callers
from benchmarks.instant_server import instant_server
from benchmarks.measure import Row, in_turns
from benchmarks.processes import free_port, process
from serving_client import Array, ModelRef, Retry, ServingClient
from serving_client.testing import PredictCall

__all__ = ["rows"]

_GROUP = "client"
_DETECTIONS = 100
_DECODE_MS_MAX = 0.3
_CALLERS = 32
_IN_FLIGHT, _THREADS = 256, 16
_FASTER = 1.5
_BURST_S = 3.0
_BURSTS = 5
_WARM_UP_S = 0.5
_ROUNDS = 100
_READY_S = 120.0
_DETECTOR = ModelRef("fake")
_AT_ONCE = 10
_DOT = np.zeros((1, 1, 1, 3), np.uint8)
_IMAGE = np.random.default_rng(0).integers(0, 256, (1, 320, 320, 3), np.uint8)


def rows() -> Iterator[Row]:
    """Yields decoding, throughput of threads and of asyncio, and ways to a server side by side."""
    yield _decoding()
    with instant_server() as address, ExitStack() as stack:
        kinds = {
            kind: stack.enter_context(callers(kind, address))
            for kind in ("threads", "official", "asyncio")
        }
        kinds["h2"] = stack.enter_context(callers("threads", f"h2://{address}"))
        yield _beside_official(kinds["h2"], kinds["official"], "h2://, ")
        yield _beside_official(kinds["threads"], kinds["official"])
        yield _beside_threads(kinds["asyncio"], kinds["threads"])
    yield from _one_caller()


def _decoding() -> Row:
    answer, official = _detections()
    call = PredictCall(_DETECTOR, {})
    times = in_turns({"ours": lambda: call.decode(answer), "official": official}, _ROUNDS)
    ours, other = times["ours"].p50, times["official"].p50
    return Row(
        _GROUP,
        f"decode {_DETECTIONS} detections",
        f"{ours * 1000:.3f} ms",
        f"{other * 1000:.3f} ms (FromString, make_ndarray)",
        f"{other / ours:.1f}x faster",
        f"at most {_DECODE_MS_MAX} ms",
        ours * 1000 <= _DECODE_MS_MAX,
        {"ours_s": ours, "official_s": other, "bytes": len(answer), "rounds": _ROUNDS},
    )


def _detections() -> tuple[bytes, Callable[[], object]]:
    """An answer in the original's default encoding, and the official way to read it."""
    import tensorflow as tf  # noqa: PLC0415  heavy
    from tensorflow_serving.apis import predict_pb2  # noqa: PLC0415  heavy

    generator = np.random.default_rng(0)
    response = predict_pb2.PredictResponse()
    response.model_spec.name = _DETECTOR.name
    response.model_spec.version.value = 1
    for name, shape in {
        "detection_boxes": (1, _DETECTIONS, 4),
        "detection_classes": (1, _DETECTIONS),
        "detection_scores": (1, _DETECTIONS),
        "num_detections": (1,),
    }.items():
        tensor = response.outputs[name]
        tensor.dtype = tf.float32.as_datatype_enum
        for size in shape:
            tensor.tensor_shape.dim.add(size=size)
        tensor.float_val.extend(generator.random(shape).ravel().tolist())
    answer = response.SerializeToString()

    def official() -> dict[str, Any]:
        read = predict_pb2.PredictResponse.FromString(answer)
        return {name: tf.make_ndarray(tensor) for name, tensor in read.outputs.items()}

    return answer, official


def _beside_official(ours: Callers, official: Callers, how: str = "") -> Row:
    ratio, figures = _bursts({"ours": (ours, _CALLERS), "official": (official, _CALLERS)})
    return Row(
        _GROUP,
        f"{how}{_CALLERS} callers of a server that answers at once",
        _rate(figures, "ours"),
        f"{_rate(figures, 'official')} (tensorflow-serving-api)",
        f"{ratio:.2f}x",
        f"at least {_FASTER}x",
        ratio >= _FASTER,
        figures,
    )


def _beside_threads(asyncio: Callers, threads: Callers) -> Row:
    ratio, figures = _bursts({"asyncio": (asyncio, _IN_FLIGHT), "threads": (threads, _THREADS)})
    return Row(
        _GROUP,
        f"asyncio, {_IN_FLIGHT} in flight",
        _rate(figures, "asyncio"),
        f"{_rate(figures, 'threads')} ({_THREADS} threads)",
        f"{ratio:.2f}x",
        "at least 1x",
        ratio >= 1,
        figures,
    )


def _bursts(sides: dict[str, tuple[Callers, int]]) -> tuple[float, dict[str, list[float]]]:
    """The ratio of the first side's rate to the second's, and what is behind it."""
    for side, at_once in sides.values():
        side.burst(at_once, _WARM_UP_S)
    figures: dict[str, list[float]] = {}
    for _ in range(_BURSTS):
        for name, (side, at_once) in sides.items():
            burst = side.burst(at_once, _BURST_S)
            figures.setdefault(f"{name}_per_s", []).append(burst.per_s)
            figures.setdefault(f"{name}_cpu_s", []).append(burst.cpu_s)
    first, second = (figures[f"{name}_per_s"] for name in sides)
    # Of each turn: what the machine does changes from minute to minute.
    return median(a / b for a, b in zip(first, second, strict=True)), figures


def _rate(figures: dict[str, list[float]], name: str) -> str:
    per_s, cpu_s = (median(figures[f"{name}_{what}"]) for what in ("per_s", "cpu_s"))
    return f"{per_s:.0f} calls/s, {cpu_s * 1e6:.0f} us of CPU each"


def _one_caller() -> Iterator[Row]:
    with _clients() as clients:
        yield _beside_library(clients)
        yield _beside_rest(clients)


def _beside_library(clients: dict[str, ServingClient]) -> Row:
    calls = {scheme: _caller(clients[scheme], _DOT) for scheme in ("h2", "grpc")}
    times = in_turns(calls, _ROUNDS, at_once=_AT_ONCE)
    ours, other = times["h2"].p50, times["grpc"].p50
    return Row(
        _GROUP,
        "a tensor of 3 bytes, one caller",
        f"{ours * 1000:.2f} ms (h2://)",
        f"{other * 1000:.2f} ms (gRPC's library)",
        f"{other / ours:.2f}x faster",
        figures={"h2_s": ours, "grpc_s": other, "rounds": _ROUNDS * _AT_ONCE},
    )


def _beside_rest(clients: dict[str, ServingClient]) -> Row:
    calls = {scheme: _caller(clients[scheme], _IMAGE) for scheme in ("grpc", "http")}
    times = in_turns(calls, _ROUNDS)
    ours, other = times["grpc"].p50, times["http"].p50
    return Row(
        _GROUP,
        "a 320 x 320 picture as a tensor",
        f"{ours * 1000:.2f} ms (gRPC)",
        f"{other * 1000:.2f} ms (REST)",
        f"{other / ours:.1f}x faster",
        f"at least {_FASTER}x",
        other / ours >= _FASTER,
        {"grpc_s": ours, "http_s": other, "rounds": _ROUNDS},
    )


@contextmanager
def _clients() -> Iterator[dict[str, ServingClient]]:
    """One server whose model costs nothing, and a client for each way to it."""
    ports = {"grpc": free_port(), "http": free_port()}
    ports["h2"] = ports["grpc"]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (folder / "1").mkdir()
        arguments = [
            "model_server.fake_detector",
            f"--port={ports['grpc']}",
            f"--rest_api_port={ports['http']}",
            f"--model_name={_DETECTOR.name}",
            f"--model_base_path={folder}",
        ]
        stack.enter_context(process(arguments))
        clients = {
            scheme: stack.enter_context(
                ServingClient(f"{scheme}://127.0.0.1:{port}", retry=Retry(attempts_max=200))
            )
            for scheme, port in ports.items()
        }
        for client in clients.values():
            client.wait_ready(_DETECTOR.name, timeout_s=_READY_S)
        yield clients


def _caller(client: ServingClient, image: Array) -> Callable[[], None]:
    def call() -> None:
        client.predict(_DETECTOR, {"image": image})

    return call


if __name__ == "__main__":
    for each in rows():
        print(json.dumps(each.as_json()))
