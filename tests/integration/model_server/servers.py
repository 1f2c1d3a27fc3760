"""Servers in this process and in others, and the official stubs to call them."""

import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import grpc
import pytest
import tensorflow as tf
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tensorflow_serving.apis import (
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from model_server.config import Flags
from model_server.runtimes import Runtime
from model_server.runtimes.assembly import in_process_runtime_of
from model_server.server import ModelServer

Front: TypeAlias = Mapping[str, Any]
"""The flags that choose a gRPC front end."""

BOTH_FRONTS = [
    pytest.mark.parametrize(
        "front", [{}, {"light_grpc": True}], ids=["library", "light"], indirect=True, scope="module"
    ),
    pytest.mark.usefixtures("front"),
]
"""Marks a module whose tests call over gRPC: both front ends must answer alike."""


@dataclass(frozen=True, slots=True)
class Client:
    """The official stubs, connected to one server."""

    channel: grpc.Channel
    prediction: Any
    model: Any
    health: Any
    rest_url: str

    def predict(self, name: str, values: Any, *, timeout_s: float = 60.0, **spec: Any) -> Any:
        """Call a model of one input; return its outputs as arrays."""
        ((alias, value),) = values.items()
        request = predict_pb2.PredictRequest()
        request.model_spec.name = name
        request.model_spec.signature_name = spec.get("signature", "")
        if "version" in spec:
            request.model_spec.version.value = spec["version"]
        request.inputs[alias].CopyFrom(value)
        response = self.prediction.Predict(request, timeout=timeout_s)
        return {key: tf.make_ndarray(proto) for key, proto in response.outputs.items()}

    def health_of(self, service: str) -> str:
        response = self.health.Check(health_pb2.HealthCheckRequest(service=service), timeout=60)
        return str(health_pb2.HealthCheckResponse.ServingStatus.Name(response.status))

    def get(self, path: str) -> tuple[int, str]:
        """Fetch a REST address; return status and body."""
        try:
            with urllib.request.urlopen(self.rest_url + path, timeout=60) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()


def connect(flags: Flags) -> Client:
    options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    channel = grpc.insecure_channel(f"{flags.host}:{flags.port}", options=options)
    return Client(
        channel=channel,
        prediction=prediction_service_pb2_grpc.PredictionServiceStub(channel),
        model=model_service_pb2_grpc.ModelServiceStub(channel),
        health=health_pb2_grpc.HealthStub(channel),
        rest_url=f"http://{flags.host}:{flags.rest_api_port}",
    )


def unused_ports(count: int) -> list[int]:
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


@dataclass(frozen=True, slots=True)
class Running:
    """A server in this process, and a client of it."""

    server: ModelServer
    client: Client

    def close(self) -> None:
        self.client.channel.close()
        self.server.drain()


def run_server(runtime: Runtime | None = None, **flags: Any) -> Running:
    port, rest_port = unused_ports(2)
    defaults = {"port": port, "rest_api_port": rest_port, "file_system_poll_wait_seconds": 0.05}
    parsed = Flags(**{**defaults, **flags})
    server = ModelServer(parsed, runtime or in_process_runtime_of(parsed))
    server.start()
    return Running(server, connect(parsed))


def model(name: str, base_path: Path | str, more: str = "") -> str:
    """Write one entry of a configuration file."""
    return (
        f'config {{ name: "{name}" base_path: "{base_path}" model_platform: "tensorflow" {more} }}'
    )


def listing(*entries: str) -> str:
    """Write the text of a configuration file."""
    return "model_config_list {\n" + "\n".join(entries) + "\n}\n"


@dataclass(frozen=True, slots=True)
class Process:
    """The program, started as a person starts it, with its log in a file."""

    popen: subprocess.Popen[bytes]
    log_file: Path

    @property
    def log(self) -> str:
        return self.log_file.read_text()
