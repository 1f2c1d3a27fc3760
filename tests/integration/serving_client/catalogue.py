"""A model server in this process whose model has signatures of many kinds, without TensorFlow."""

import socket
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tensorflow_serving.apis.get_model_metadata_pb2 import SignatureDefMap

from model_server.call import Call
from model_server.config import Flags
from model_server.runtimes import Servable, SignatureDef, Tensor
from model_server.servable import ServableId
from model_server.server import ModelServer
from model_server.status import Code, ServingError
from model_server.testing import FakeModel, wait_until
from protos.gen.tensorflow.core.example import example_pb2

# Numbers of `tensorflow.DataType`, by what the signatures call them.
DTYPES = {
    "float32": 1, "float64": 2, "int32": 3, "uint8": 4, "int16": 5, "int8": 6, "string": 7,
    "int64": 9, "bool": 10, "uint32": 22, "uint64": 23,
}  # fmt: skip
HALF = 19
PREDICT, CLASSIFY, REGRESS = (
    f"tensorflow/serving/{each}" for each in ("predict", "classify", "regress")
)
LABEL, LABELLED_VERSION = "stable", 1

__all__ = ["Catalogue", "serve_catalogue"]

Spec = tuple[int, tuple[int, ...] | None]
"""Number of a dtype, and sizes; -1 is any, and None any number of them."""


def _two(inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    x = inputs["x"]
    return {
        "rows": x * 2,
        "sum": np.asarray(x.sum(), np.float32),
        "count": np.asarray(len(x), np.int64),
        "none": np.empty((0, 3), np.float32),
    }


def _texts(inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {"text": inputs["text"], "raw_bytes": inputs["text"]}


def _sizes(inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    files = [np.frombuffer(each, np.uint8) for each in inputs["image_bytes"]]
    sizes = [[len(each), each[0] if len(each) else 0] for each in files]
    return {"sizes": np.array(sizes, np.int64).reshape(-1, 2)}


def _corner(inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    images = inputs["image"]
    shape = np.tile(np.array(images.shape[1:], np.int32), (len(images), 1))
    return {"shape": shape, "corner": images[:, 0, 0, :].astype(np.int32)}


def _features(inputs: Mapping[str, Tensor]) -> list[Any]:
    examples = [example_pb2.Example.FromString(each) for each in inputs["inputs"]]
    return [example.features.feature for example in examples]


def _classes(inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    rows = _features(inputs)
    labels = [[row["name"].bytes_list.value[0], b"other"] for row in rows]
    scores = [[row["x"].float_list.value[0], row["n"].int64_list.value[0]] for row in rows]
    return {"classes": np.array(labels, object), "scores": np.array(scores, np.float32)}


def _values(inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    values = [sum(row["x"].float_list.value) for row in _features(inputs)]
    return {"outputs": np.array(values, np.float32)}


@dataclass(frozen=True, slots=True)
class Kind:
    """A signature: what it takes and gives, and how the one comes of the other."""

    method: str
    inputs: Mapping[str, Spec]
    outputs: Mapping[str, Spec]
    run: Callable[[Mapping[str, Tensor]], dict[str, Tensor]]


_ANY_OF_ALL: Mapping[str, Spec] = {name: (number, None) for name, number in DTYPES.items()}
_EXAMPLES: Mapping[str, Spec] = {"inputs": (7, (-1,))}
KINDS = {
    "serving_default": Kind(PREDICT, {"x": (1, (-1,))}, {"y": (1, (-1,))}, lambda i: {"y": i["x"]}),
    "all_dtypes": Kind(PREDICT, _ANY_OF_ALL, _ANY_OF_ALL, dict),
    "two": Kind(
        PREDICT,
        {"x": (1, (-1, 2))},
        {"rows": (1, (-1, 2)), "sum": (1, ()), "count": (9, ()), "none": (1, (-1, 3))},
        _two,
    ),
    "texts": Kind(
        PREDICT, {"text": (7, None)}, {"text": (7, None), "raw_bytes": (7, None)}, _texts
    ),
    "gated": Kind(PREDICT, {"x": (1, (-1,))}, {"y": (1, (-1,))}, lambda i: {"y": i["x"]}),
    "half": Kind(PREDICT, {"x": (HALF, (-1,))}, {"y": (HALF, (-1,))}, lambda i: {"y": i["x"]}),
    "pixels": Kind(
        PREDICT,
        {"image": (4, (-1, -1, -1, 3))},
        {"shape": (3, (-1, 3)), "corner": (3, (-1, 3))},
        _corner,
    ),
    "files": Kind(PREDICT, {"image_bytes": (7, (-1,))}, {"sizes": (9, (-1, 2))}, _sizes),
    "classify": Kind(CLASSIFY, _EXAMPLES, {"classes": (7, (-1, 2)), "scores": (1, None)}, _classes),
    "regress": Kind(REGRESS, _EXAMPLES, {"outputs": (1, (-1,))}, _values),
}


class CatalogueRuntime:
    """Makes a servable of `KINDS` of any version folder.

    Attributes:
        model: its gate holds up calls; the signature "gated" lets zeros in all the same, once two
            others wait.
        calls: those that came to the gate, in order.
    """

    def __init__(self) -> None:
        self.model = FakeModel()
        self.calls: list[Call] = []

    def is_ready(self, path: Path) -> bool:
        return path.is_dir()

    def load(self, servable_id: ServableId, path: Path) -> Servable:  # noqa: ARG002  all alike
        return _Servable(self)


class _Servable:
    def __init__(self, runtime: CatalogueRuntime) -> None:
        self._runtime = runtime

    @property
    def signatures(self) -> Mapping[str, SignatureDef]:
        signatures = SignatureDefMap().signature_def
        for name, kind in KINDS.items():
            signatures[name].method_name = kind.method
            for specs, infos in (
                (kind.inputs, signatures[name].inputs),
                (kind.outputs, signatures[name].outputs),
            ):
                for alias, spec in specs.items():
                    _describe(infos[alias], alias, spec)
        return signatures  # type: ignore[no-any-return]  # generated code is untyped

    def run(
        self, signature: str, inputs: Mapping[str, Tensor], outputs: Iterable[str], call: Call
    ) -> dict[str, Tensor]:
        kind = KINDS[signature]
        for alias, tensor in inputs.items():
            _check(alias, tensor, kind.inputs[alias])
        if signature == "gated" and not inputs["x"].any():
            wait_until(lambda: len(self._runtime.calls) >= 2)
        else:
            self._wait(call)
        results = kind.run(inputs)
        return {alias: results[alias] for alias in outputs}

    def _wait(self, call: Call) -> None:
        self._runtime.calls.append(call)
        if not self._runtime.model.run_gate.wait(call.remaining_s()):
            raise ServingError(Code.DEADLINE_EXCEEDED, "Timed out waiting for notification")

    def close(self) -> None:
        pass


def _describe(info: Any, alias: str, spec: Spec) -> None:
    number, shape = spec
    info.name, info.dtype = f"{alias}:0", number
    info.tensor_shape.SetInParent()
    if shape is None:
        info.tensor_shape.unknown_rank = True
    for size in shape or ():
        info.tensor_shape.dim.add(size=size)


def _check(alias: str, tensor: Tensor, spec: Spec) -> None:
    """Refuses what TensorFlow would: another dtype, or another number of dimensions."""
    number, shape = spec
    names = {number: name for name, number in DTYPES.items()} | {HALF: "float16"}
    given = "string" if tensor.dtype == object else tensor.dtype.name
    if given != names[number]:
        raise ServingError(
            Code.INVALID_ARGUMENT, f"Expects {alias} to be {names[number]} but {given} is provided"
        )
    if shape is not None and len(shape) != tensor.ndim:
        raise ServingError(Code.INVALID_ARGUMENT, f"{alias} must have {len(shape)} dimensions")


@dataclass(frozen=True, slots=True)
class Catalogue:
    """A server that runs, its targets by scheme, and what the tests hold it up with."""

    server: ModelServer
    runtime: CatalogueRuntime
    targets: Mapping[str, str]

    def close(self) -> None:
        self.runtime.model.run_gate.set()
        self.server.drain()


def serve_catalogue(folder: Path) -> Catalogue:
    """Starts a server of the model `catalogue`, versions 1, labelled, and 2."""
    for version in (1, 2):
        (folder / "catalogue" / str(version)).mkdir(parents=True)
    config = folder / "models.config"
    config.write_text(
        f'model_config_list {{ config {{ name: "catalogue" base_path: "{folder / "catalogue"}" '
        'model_platform: "tensorflow" model_version_policy { all {} } '
        f'version_labels {{ key: "{LABEL}" value: {LABELLED_VERSION} }} }} }}'
    )
    grpc_port, rest_port, zmq_port = _free_ports(3)
    unix_path = folder / "serving.sock"
    flags = Flags(
        port=grpc_port,
        grpc_socket_path=str(unix_path),
        rest_api_port=rest_port,
        zmq_port=zmq_port,
        model_config_file=str(config),
        allow_version_labels_for_unavailable_models=True,
        file_system_poll_wait_seconds=0.05,
    )
    runtime = CatalogueRuntime()
    server = ModelServer(flags, runtime)
    server.start()
    targets = {
        "grpc": f"grpc://127.0.0.1:{grpc_port}",
        "unix": f"unix://{unix_path}",
        "h2": f"h2://127.0.0.1:{grpc_port}",
        "h2+unix": f"h2+unix://{unix_path}",
        "http": f"http://127.0.0.1:{rest_port}",
        "zmq": f"zmq://127.0.0.1:{zmq_port}",
    }
    return Catalogue(server, runtime, targets)


def _free_ports(count: int) -> list[int]:
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports
