"""Connections to a REST server: kept, cut, slow, encrypted, and shared with nobody."""

import json
import os
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import numpy as np
import pytest
import trustme

from model_server.testing import wait_until
from serving_client import (
    CancelledError,
    ClientClosedError,
    ConfigError,
    DeadlineExceededError,
    Retry,
    ServingClient,
    Target,
    Timeouts,
    Tls,
    UnavailableError,
)
from serving_client._connection_pool import Exchange
from serving_client._deadline import Deadline
from serving_client._http import HttpServer
from serving_client._http_connection import HttpRequest
from tests.integration.serving_client.http_sites import (
    MODEL,
    OpenSite,
    Page,
    Site,
    connect,
    json_page,
    original,
)

X = {"x": np.array([1.5], np.float32)}


def test_connections_are_kept(open_site: OpenSite) -> None:
    """Calls one after the other use one connection."""
    site = open_site(original(1))

    with connect(site) as client:
        for _ in range(5):
            client.predict(MODEL, X)

    assert len(site.ports) == 1


def test_connection_that_the_server_closed_is_replaced(open_site: OpenSite) -> None:
    """A server that hangs up between two calls is not noticed."""
    page = json_page({"outputs": [1.0]}, Connection="close")
    site = open_site(original(1) | {"POST /v1/models/half/versions/1:predict": page})

    with connect(site, retry=Retry(attempts_max=1)) as client:
        attempts = [client.predict(MODEL, X).timings.attempts for _ in range(3)]

    assert attempts == [1, 1, 1]
    assert len(site.ports) == 3


def test_many_threads_get_their_own_answers(open_site: OpenSite) -> None:
    """As many connections are made as there are calls at once."""

    def predict(body: bytes) -> Page:
        return json_page({"outputs": json.loads(body)["inputs"]["x"]})

    site = open_site(original(1) | {"POST /v1/models/half/versions/1:predict": predict})
    with connect(site) as client, ThreadPoolExecutor(8) as pool:
        client.predict(MODEL, X)

        results = list(
            pool.map(lambda n: client.predict(MODEL, {"x": np.array([n], np.float32)}), range(40))
        )

    assert [float(result["y"][0]) for result in results] == list(range(40))
    assert len(site.ports) <= 9


def test_connections_are_not_kept_for_ever(
    open_site: OpenSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After many calls at once, what is not needed any more is closed as time goes by."""
    site = open_site(original(1))
    target = Target(site.address, "http")
    server = HttpServer(target, 5.0, Tls(), 10**6)
    site.gate.clear()

    def ask(_: int) -> int:
        request = HttpRequest("GET", "/v1/models/half/metadata")
        return server.ask(request, Deadline(60), Exchange()).status

    with ThreadPoolExecutor(4) as pool:
        asked = pool.map(ask, range(4))
        wait_until(lambda: len(site.asked) == 4)
        site.gate.set()
        assert list(asked) == [200] * 4
    kept = len(server._pool._idle)
    monkeypatch.setattr("serving_client._http_connection._IDLE_MAX_S", 0.0)
    ask(0)

    assert (kept, len(server._pool._idle)) == (4, 1)
    server.close()


def test_refusal_of_a_body_that_is_not_read_is_understood() -> None:
    """A server that refuses a large request, and hangs up on the rest of it, is heard."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def refuse() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")

        thread = threading.Thread(target=refuse)
        server = HttpServer(
            Target(f"127.0.0.1:{listener.getsockname()[1]}", "http"), 5.0, Tls(), 1000
        )
        thread.start()

        answer = server.ask(
            HttpRequest("POST", "/", body=bytes(20_000_000)), Deadline(20), Exchange()
        )

        thread.join()
        server.close()
    assert answer.status == 413


def test_nobody_there_is_unavailable(free_port: Callable[[], int]) -> None:
    """A refused connection is tried again, and then UNAVAILABLE."""
    target = f"http://127.0.0.1:{free_port()}"

    with (
        ServingClient(target, retry=Retry(attempts_max=3), sleep=lambda _: None) as client,
        pytest.raises(UnavailableError, match="Connection refused") as caught,
    ):
        client.predict(MODEL, X)

    assert caught.value.attempts == 3


def test_name_that_nobody_knows_is_unavailable() -> None:
    """A host without an address is UNAVAILABLE, by its name."""
    with (
        ServingClient("http://nobody.invalid:8501", retry=Retry(attempts_max=1)) as client,
        pytest.raises(UnavailableError, match="no address is known"),
    ):
        client.predict(MODEL, X)


def test_grpc_port_is_recognised(free_port: Callable[[], int]) -> None:
    """A port that speaks something else fails at once, with a guess at what it is."""
    port = free_port()
    server = grpc.server(ThreadPoolExecutor(1))
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()

    with (
        ServingClient(f"http://127.0.0.1:{port}") as client,
        pytest.raises(UnavailableError) as caught,
    ):
        client.predict(MODEL, X)

    server.stop(None).wait()
    assert "gRPC port" in caught.value.detail
    assert caught.value.attempts == 1


def test_slow_server_meets_the_deadline(open_site: OpenSite) -> None:
    """A call ends with its deadline, whatever the server does."""
    site = open_site(original(1))
    site.gate.clear()

    with connect(site) as client, pytest.raises(DeadlineExceededError) as caught:
        client.predict(MODEL, X, timeout_s=0.3)

    assert caught.value.attempts == 1


def drip(listener: socket.socket, stopped: threading.Event) -> None:
    """Sends an endless header, byte by byte."""
    try:
        connection, _ = listener.accept()
    except OSError:
        return
    with connection:
        connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not stopped.wait(0.02):
            try:
                connection.sendall(b"a")
            except OSError:
                return


def test_server_that_drips_meets_the_deadline() -> None:
    """A server that sends a byte now and then does not hold a call beyond its deadline."""
    stopped = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip, args=(listener, stopped))
        thread.start()
        port = listener.getsockname()[1]

        with (
            ServingClient(f"http://127.0.0.1:{port}") as client,
            pytest.raises(DeadlineExceededError) as caught,
        ):
            client.predict(MODEL, X, timeout_s=0.5)

        stopped.set()
        thread.join()
    assert caught.value.attempts == 1


def test_time_for_connecting_is_a_limit_of_its_own() -> None:
    """A server that accepts no connection is UNAVAILABLE long before the call's deadline."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        port = listener.getsockname()[1]
        waiting = []
        for _ in range(3):  # the kernel takes one or two, and lets the others wait
            probe = socket.socket()
            probe.setblocking(False)
            probe.connect_ex(("127.0.0.1", port))
            waiting.append(probe)
        client = ServingClient(
            f"http://127.0.0.1:{port}",
            timeouts=Timeouts(connect_s=0.2),
            retry=Retry(attempts_max=1),
        )

        with client, pytest.raises(UnavailableError, match="time for connecting"):
            client.predict(MODEL, X, timeout_s=30)

        for probe in waiting:
            probe.close()


def test_server_that_hangs_up_is_unavailable() -> None:
    """An answer that is cut off is tried again, and then UNAVAILABLE."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def hang_up() -> None:
            for _ in range(2):
                connection, _ = listener.accept()
                with connection:
                    connection.recv(1000)
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")

        thread = threading.Thread(target=hang_up)
        thread.start()
        target = f"http://127.0.0.1:{listener.getsockname()[1]}"

        with (
            ServingClient(target, retry=Retry(attempts_max=2), sleep=lambda _: None) as client,
            pytest.raises(UnavailableError, match="hung up") as caught,
        ):
            client.predict(MODEL, X)

        thread.join()
    assert caught.value.attempts == 2


def test_close_ends_a_call_in_flight(open_site: OpenSite) -> None:
    """Closing the client ends the calls of other threads."""
    site = open_site(original(1))
    site.gate.clear()
    client = connect(site)
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(client.predict, MODEL, X, timeout_s=30)
        assert site.entered.wait(10)

        client.close()

        error = call.exception(timeout=10)
    assert isinstance(error, (ClientClosedError, CancelledError))


FORKING = """
import os, sys
import numpy as np
from serving_client import ModelRef, ServingClient

client = ServingClient(sys.argv[1], check_inputs=False)
client.predict(ModelRef("half"), {"x": np.array([1], np.float32)})
child = os.fork()
answer = client.predict(ModelRef("half"), {"x": np.array([1], np.float32)})
os.write(1, f"{'parent' if child else 'child'} {answer.model.version}\\n".encode())
client.close()
if child:
    os.waitpid(child, 0)
"""


def test_forked_child_makes_its_own_connections(open_site: OpenSite) -> None:
    """A client that was used before a fork works on both sides of it."""
    site = open_site(original(1))
    command = [sys.executable, "-W", "ignore", "-c", FORKING, f"http://{site.address}"]

    answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)

    assert sorted(answer.stdout.split("\n")) == ["", "child 1", "parent 1"]
    assert len(site.ports) == 2


@pytest.fixture
def authority(tmp_path: Path) -> trustme.CA:
    made = trustme.CA()
    made.cert_pem.write_to_path(tmp_path / "ca.pem")
    return made


def with_tls(site: Site, authority: trustme.CA, *, asks_back: bool) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("models.example").configure_cert(context)
    if asks_back:
        context.verify_mode = ssl.CERT_REQUIRED
        authority.configure_trust(context)
    site.server.socket = context.wrap_socket(site.server.socket, server_side=True)


def test_tls_both_ways(open_site: OpenSite, authority: trustme.CA, tmp_path: Path) -> None:
    """An https:// target checks the server's certificate and shows the client's own."""
    site = open_site(original(1))
    with_tls(site, authority, asks_back=True)
    mine = authority.issue_cert("caller.example")
    mine.cert_chain_pems[0].write_to_path(tmp_path / "client.pem")
    mine.private_key_pem.write_to_path(tmp_path / "client.key")
    tls = Tls(
        ca_file=tmp_path / "ca.pem",
        certificate_file=tmp_path / "client.pem",
        key_file=tmp_path / "client.key",
        server_name="models.example",
    )

    with ServingClient(f"https://{site.address}", tls=tls) as client:
        results = [client.predict(MODEL, X) for _ in range(2)]

    assert [result.model.version for result in results] == [1, 1]
    assert len(site.ports) == 1


def test_certificate_of_somebody_else_is_not_trusted(
    open_site: OpenSite, authority: trustme.CA, tmp_path: Path
) -> None:
    """A server with another name than expected is refused, once."""
    site = open_site(original(1))
    with_tls(site, authority, asks_back=False)
    tls = Tls(ca_file=tmp_path / "ca.pem", server_name="other.example")

    with (
        ServingClient(f"https://{site.address}", tls=tls) as client,
        pytest.raises(UnavailableError, match=r"not trusted.*other\.example") as caught,
    ):
        client.predict(MODEL, X)

    assert caught.value.attempts == 1


@pytest.mark.parametrize("content", [None, "no certificate"], ids=["absent", "nonsense"])
def test_certificates_that_are_none_are_a_config_error(tmp_path: Path, content: str | None) -> None:
    """A CA file that is missing, or holds something else, fails with a sentence."""
    path = tmp_path / "ca.pem"
    if content:
        path.write_text(content)

    with (
        ServingClient("https://127.0.0.1:1", tls=Tls(ca_file=path)) as client,
        pytest.raises(ConfigError, match=r"ca_file|certificates cannot be used"),
    ):
        client.predict(MODEL, X)


def test_importing_the_client_loads_no_http() -> None:
    """Who speaks gRPC does not load what HTTP and TLS take."""
    program = (
        "import sys, serving_client; "
        "print([m for m in ('http.client', 'serving_client._rest_transport') if m in sys.modules])"
    )

    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=os.environ
    )

    assert answer.stdout.strip() == "[]"
