"""The client against a real gRPC server on loopback."""

import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent import futures
from pathlib import Path

import grpc
import numpy as np
import pytest
import trustme

from protos.gen.tensorflow_serving.apis import prediction_service_pb2_grpc
from serving_client import (
    ClientClosedError,
    ConfigError,
    DeadlineExceededError,
    Limits,
    ModelRef,
    ResourceExhaustedError,
    Retry,
    RpcError,
    ServingClient,
    Target,
    Timeouts,
    Tls,
    UnavailableError,
)
from tests.integration.serving_client.echo import Echo, serve


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest.fixture
def address(echo: Echo, free_port: Callable[[], int]) -> Iterator[str]:
    where = f"127.0.0.1:{free_port()}"
    server = serve(echo, where)
    yield where
    echo.gate.set()
    server.stop(None).wait()


def connect(address: str, **options: object) -> ServingClient:
    return ServingClient(Target.parse(address), check_inputs=False, **options)  # type: ignore[arg-type]


PICTURE = {"image": np.arange(2 * 3 * 3, dtype=np.uint8).reshape(1, 2, 3, 3)}
MODEL = ModelRef("echo")


def test_predict_over_the_wire(address: str) -> None:
    """Tensors arrive and come back unchanged, and the parts of the time are told."""
    with connect(address) as client:
        result = client.predict(MODEL, PICTURE)

    np.testing.assert_array_equal(result["image"], PICTURE["image"])
    assert result.model.version == 1
    assert 0 < result.timings.wire_s < result.timings.total_s


def test_message_of_ten_megabytes_passes(address: str) -> None:
    """The library's own limit of 4 MB does not apply, in either direction."""
    big = {"image": np.zeros((10_000_000,), np.uint8)}

    with connect(address) as client:
        result = client.predict(MODEL, big)

    assert result["image"].nbytes == 10_000_000


def test_limit_of_ours_applies(address: str) -> None:
    """A message over the limit that was set is RESOURCE_EXHAUSTED, not sent."""
    with (
        connect(address, limits=Limits(message_bytes_max=1000)) as client,
        pytest.raises(ResourceExhaustedError, match="1000"),
    ):
        client.predict(MODEL, {"image": np.zeros(2000, np.uint8)})


@pytest.mark.parametrize("channels", [1, 3])
def test_pool_opens_as_many_connections_as_it_says(address: str, echo: Echo, channels: int) -> None:
    """Each channel is a connection of its own, and they are used in turn."""
    with connect(address, limits=Limits(channels=channels)) as client:
        for _ in range(2 * channels):
            client.predict(MODEL, PICTURE)

    assert len(echo.peers) == channels


def test_one_client_serves_many_threads(address: str) -> None:
    """Calls from many threads at once each get their own answer."""
    inputs = [{"image": np.full((1, 8, 8, 3), n, np.uint8)} for n in range(40)]

    with connect(address) as client, futures.ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda each: client.predict(MODEL, each), inputs))

    assert [int(result["image"].max()) for result in results] == list(range(40))


def test_nobody_there_is_unavailable(free_port: Callable[[], int]) -> None:
    """A refused connection is an UnavailableError after the attempts that were allowed."""
    retry = Retry(attempts_max=3, pause_first_s=0.01)

    with (
        connect(f"127.0.0.1:{free_port()}", retry=retry) as client,
        pytest.raises(UnavailableError) as caught,
    ):
        client.predict(MODEL, PICTURE)

    assert caught.value.attempts == 3


def test_server_that_comes_back_is_found_again(echo: Echo, free_port: Callable[[], int]) -> None:
    """A call that starts while the server restarts succeeds within its deadline."""
    address = f"127.0.0.1:{free_port()}"
    first = serve(echo, address)
    with connect(address, retry=Retry(attempts_max=100, pause_max_s=0.2)) as client:
        client.predict(MODEL, PICTURE)
        first.stop(None).wait()
        restart = threading.Timer(0.5, lambda: servers.append(serve(Echo(), address)))
        servers: list[grpc.Server] = []
        restart.start()

        result = client.predict(MODEL, PICTURE, timeout_s=20)

    restart.join()
    servers[0].stop(None).wait()
    assert result.timings.attempts > 1


def test_slow_server_meets_the_deadline(address: str, echo: Echo) -> None:
    """A call ends with its deadline, whatever the server does."""
    echo.gate.clear()

    with connect(address) as client, pytest.raises(DeadlineExceededError) as caught:
        client.predict(MODEL, PICTURE, timeout_s=0.3)

    assert caught.value.deadline_s == 0.3
    assert caught.value.attempts == 1


def test_silent_server_meets_the_deadline() -> None:
    """A port that accepts and never answers does not hold a call beyond its deadline."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"

        with connect(address) as client, pytest.raises(RpcError) as caught:
            client.predict(MODEL, PICTURE, timeout_s=0.5)

    assert caught.value.elapsed_s < 5


def test_close_ends_a_call_in_flight(address: str, echo: Echo) -> None:
    """Closing the client ends the calls of other threads with an error."""
    echo.gate.clear()
    client = connect(address)
    with futures.ThreadPoolExecutor(1) as pool:
        call = pool.submit(client.predict, MODEL, PICTURE, timeout_s=30)
        assert echo.entered.wait(10)

        client.close()

        error = call.exception(timeout=10)
    assert isinstance(error, (RpcError, ClientClosedError))


FORKING = """
import os, sys
import numpy as np
from serving_client import ModelRef, ServingClient, Target

client = ServingClient(Target.parse(sys.argv[1]), check_inputs=False)
client.predict(ModelRef("echo"), {"x": np.zeros(3)}, timeout_s=20)
child = os.fork()
answer = client.predict(ModelRef("echo"), {"x": np.zeros(3)}, timeout_s=20)
who = "child" if child == 0 else "parent"
os.write(1, f"{who} {answer.model.version}\\n".encode())
if child:
    os.waitpid(child, 0)
"""


def test_forked_child_makes_its_own_channels(address: str) -> None:
    """A client that was used before a fork works on both sides of it."""
    command = [sys.executable, "-c", FORKING, address]

    answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)

    assert sorted(answer.stdout.split("\n")) == ["", "child 1", "parent 1"]


def test_unix_socket(echo: Echo, tmp_path: Path) -> None:
    """A unix:// target reaches a server on a socket file."""
    path = tmp_path / "s.sock"
    server = serve(echo, f"unix:{path}")

    with connect(f"unix://{path}") as client:
        result = client.predict(MODEL, PICTURE)

    server.stop(None).wait()
    assert result.model.version == 1


def test_tls_both_ways(echo: Echo, free_port: Callable[[], int], tmp_path: Path) -> None:
    """A grpcs:// target checks the server's certificate and shows the client's own."""
    authority, port = trustme.CA(), free_port()
    server = grpc.server(futures.ThreadPoolExecutor(2))
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(echo, server)
    own = authority.issue_cert("models.example")
    pair = (own.private_key_pem.bytes(), own.cert_chain_pems[0].bytes())
    root = authority.cert_pem.bytes()
    credentials = grpc.ssl_server_credentials([pair], root, require_client_auth=True)
    server.add_secure_port(f"127.0.0.1:{port}", credentials)
    server.start()
    tls = Tls(
        ca_file=tmp_path / "ca.pem",
        certificate_file=tmp_path / "client.pem",
        key_file=tmp_path / "client.key",
        server_name="models.example",
    )
    mine = authority.issue_cert("caller.example")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    mine.cert_chain_pems[0].write_to_path(tmp_path / "client.pem")
    mine.private_key_pem.write_to_path(tmp_path / "client.key")

    with connect(f"grpcs://127.0.0.1:{port}", tls=tls) as client:
        result = client.predict(MODEL, PICTURE)

    server.stop(None).wait()
    assert result.model.version == 1


def test_certificates_that_are_none_are_a_config_error(tmp_path: Path) -> None:
    """A CA file that is missing fails with a sentence at the first call."""
    tls = Tls(ca_file=tmp_path / "absent.pem")

    with (
        connect("grpcs://127.0.0.1:1", tls=tls, timeouts=Timeouts(call_s=2)) as client,
        pytest.raises(ConfigError, match="ca_file"),
    ):
        client.predict(MODEL, PICTURE)
