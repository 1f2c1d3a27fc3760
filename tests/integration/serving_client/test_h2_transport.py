"""The client without the gRPC library, against servers with it, and others."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
import trustme

from http2.frames import FrameType, Setting, frame, settings
from http2.headers import literal
from protos.gen.tensorflow_serving.apis import prediction_service_pb2_grpc
from serving_client import (
    AsyncServingClient,
    CancelledError,
    ClientClosedError,
    ConfigError,
    DeadlineExceededError,
    InternalError,
    ModelRef,
    ResourceExhaustedError,
    Retry,
    RpcError,
    ServingClient,
    ServingError,
    Timeouts,
    Tls,
    UnauthenticatedError,
    UnavailableError,
)
from serving_client.testing import TinyModel
from serving_client.testing.fixtures import TinyServers
from tests.integration.serving_client.echo import Echo
from tests.integration.serving_client.raw_server import ANSWER, RawServer
from tests.unit.serving_client.h2_script import HEAD, data, headers, message

MODEL = ModelRef("raw")
X = {"x": np.zeros(3)}
ONCE = Retry(attempts_max=1)


@pytest.fixture
def server(free_port: Callable[[], int]) -> Iterator[RawServer]:
    options = (("grpc.max_receive_message_length", -1),)
    with RawServer(f"127.0.0.1:{free_port()}", options=options) as running:
        yield running


def connect(address: str, **options: Any) -> ServingClient:
    target = address if "://" in address else f"h2://{address}"
    return ServingClient(target, check_inputs=False, **options)


def test_calls_share_a_connection(server: RawServer) -> None:
    """Calls one after the other use one connection, those that fail included."""
    peers = set()

    def answer(request: bytes, context: grpc.ServicerContext) -> bytes:
        peers.add(context.peer())
        if b"bad" in request:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "bad")
        return ANSWER

    server.answer = answer
    with connect(server.address) as client:
        for _ in range(5):
            client.predict(MODEL, X)
            with pytest.raises(RpcError, match="bad"):
                client.predict(MODEL, {"bad": np.zeros(1)})

    assert len(peers) == 1


def test_many_threads_get_their_own_answers(echo_address: str) -> None:
    """As many connections are made as there are calls at once."""
    inputs = [{"x": np.full(1000, n, np.int32)} for n in range(60)]

    with connect(echo_address) as client, futures.ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda each: client.predict(MODEL, each), inputs))

    assert [int(result["x"].max()) for result in results] == list(range(60))


@pytest.fixture
def echo_address(free_port: Callable[[], int]) -> Iterator[str]:
    address = f"127.0.0.1:{free_port()}"
    with serving(lambda each: each.add_insecure_port(address)):
        yield address


@contextmanager
def serving(bind: Callable[[grpc.Server], object]) -> Iterator[Echo]:
    """Runs a server that answers with what it is sent."""
    echo = Echo()
    limits = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    running = grpc.server(futures.ThreadPoolExecutor(8), options=limits)
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(echo, running)
    bind(running)
    running.start()
    yield echo
    echo.gate.set()
    running.stop(None).wait()


@pytest.mark.parametrize("size", [0, 16_000, 16_400, 66_000, 1_000_000, 30_000_000])
def test_messages_of_any_size_pass(echo_address: str, size: int) -> None:
    """Large messages go both ways, through the windows of both sides, and come back whole."""
    sent = np.arange(size, dtype=np.uint8)

    with connect(echo_address) as client:
        results = [client.predict(MODEL, {"x": sent}, timeout_s=60) for _ in range(2)]

    assert all(np.array_equal(result["x"], sent) for result in results)


def test_server_that_restarts_between_calls(server: RawServer) -> None:
    """Connections that ended while nobody used them are not noticed."""
    with connect(server.address, retry=ONCE) as client:
        client.predict(MODEL, X)
        server.stop()
        server.start()

        result = client.predict(MODEL, X)

    assert result.timings.attempts == 1


def test_connection_that_the_server_gives_up_is_replaced(free_port: Callable[[], int]) -> None:
    """A server that ends connections after a while gets others, and no call fails."""
    options = (("grpc.max_connection_age_ms", 20), ("grpc.max_connection_age_grace_ms", 20_000))
    with (
        RawServer(f"127.0.0.1:{free_port()}", options=options) as server,
        connect(server.address, retry=ONCE) as client,
    ):
        pause = threading.Event()
        for _ in range(60):
            client.predict(MODEL, X)
            pause.wait(0.005)


def test_headers_and_deadline_arrive(server: RawServer) -> None:
    """The server is told what the caller wants told, and how much time is left."""
    seen: dict[str, Any] = {}

    def answer(_: bytes, context: grpc.ServicerContext) -> bytes:
        seen.update(context.invocation_metadata(), left_s=context.time_remaining())
        return ANSWER

    server.answer = answer
    with connect(server.address, headers={"X-Team": "parcels"}) as client:
        client.predict(MODEL, X, timeout_s=7)

    assert seen["x-team"] == "parcels"
    assert seen["user-agent"].startswith("sightline-client")
    assert 5 < seen["left_s"] <= 7


def test_long_headers_arrive(free_port: Callable[[], int]) -> None:
    """Headers that take more than one frame come whole."""
    seen: list[int] = []

    def answer(_: bytes, context: grpc.ServicerContext) -> bytes:
        seen.append(len(dict(context.invocation_metadata())["long"]))
        return ANSWER

    options = (("grpc.max_metadata_size", 100_000), ("grpc.absolute_max_metadata_size", 100_000))
    with (
        RawServer(f"127.0.0.1:{free_port()}", answer, options) as server,
        connect(server.address, headers={"long": "x" * 40_000}) as client,
    ):
        client.predict(MODEL, X)

    assert seen == [40_000]


def test_server_decides_about_other_attempts(server: RawServer) -> None:
    """A pushback that asks for no other attempt is listened to."""

    def refuse(_: bytes, context: grpc.ServicerContext) -> bytes:
        context.set_trailing_metadata((("grpc-retry-pushback-ms", "-1"),))
        context.abort(grpc.StatusCode.UNAVAILABLE, "Grüße: 100 %")

    server.answer = refuse

    with (
        connect(server.address) as client,
        pytest.raises(UnavailableError, match="Grüße: 100 %") as caught,
    ):
        client.predict(MODEL, X)

    assert caught.value.attempts == 1


def test_server_that_would_compress_does_not(free_port: Callable[[], int]) -> None:
    """A server that compresses for those who can read it sends plain answers."""
    options = (("grpc.default_compression_algorithm", 2),)
    with (
        RawServer(f"127.0.0.1:{free_port()}", options=options) as server,
        connect(server.address) as client,
    ):
        assert client.predict(MODEL, X)["y"] == 0.5


def test_slow_server_meets_the_deadline(server: RawServer) -> None:
    """A call ends with its deadline, the server hears of it, and the next one is unharmed."""
    ended, gate = threading.Event(), threading.Event()

    def answer(_: bytes, context: grpc.ServicerContext) -> bytes:
        context.add_callback(ended.set)
        gate.wait(30)
        return ANSWER

    server.answer = answer
    with connect(server.address) as client:
        with pytest.raises(DeadlineExceededError) as caught:
            client.predict(MODEL, X, timeout_s=0.2)
        assert ended.wait(10)
        gate.set()

        result = client.predict(MODEL, X)

    assert caught.value.attempts == 1
    assert result["y"] == 0.5


def test_close_ends_a_call_in_flight(server: RawServer) -> None:
    """Closing the client ends the calls of other threads."""
    gate = threading.Event()

    def answer(_: bytes, __: grpc.ServicerContext) -> bytes:
        gate.wait(30)
        return ANSWER

    server.answer = answer
    client = connect(server.address)
    with futures.ThreadPoolExecutor(1) as pool:
        call = pool.submit(client.predict, MODEL, X, timeout_s=30)
        assert server.entered.wait(10)

        client.close()

        error = call.exception(timeout=10)
        gate.set()
    assert isinstance(error, (ClientClosedError, CancelledError))


def test_socket_file(tmp_path: Path) -> None:
    """A target of a socket file is reached, and one that nobody listens at is unavailable."""
    path = tmp_path / "s.sock"
    with (
        serving(lambda each: each.add_insecure_port(f"unix:{path}")),
        connect(f"h2+unix://{path}") as client,
    ):
        assert client.predict(MODEL, X).model.version == 1

    with (
        connect(f"h2+unix://{tmp_path}/absent", retry=ONCE) as client,
        pytest.raises(UnavailableError, match="No such file"),
    ):
        client.predict(MODEL, X)


@pytest.fixture
def authority(tmp_path: Path) -> trustme.CA:
    made = trustme.CA()
    made.cert_pem.write_to_path(tmp_path / "ca.pem")
    return made


@pytest.fixture
def secure_address(authority: trustme.CA, free_port: Callable[[], int]) -> Iterator[str]:
    own = authority.issue_cert("models.example")
    pair = (own.private_key_pem.bytes(), own.cert_chain_pems[0].bytes())
    root = authority.cert_pem.bytes()
    credentials = grpc.ssl_server_credentials([pair], root, require_client_auth=True)
    address = f"127.0.0.1:{free_port()}"
    with serving(lambda each: each.add_secure_port(address, credentials)):
        yield address


def own_certificate(authority: trustme.CA, folder: Path, server_name: str) -> Tls:
    mine = authority.issue_cert("caller.example")
    mine.cert_chain_pems[0].write_to_path(folder / "client.pem")
    mine.private_key_pem.write_to_path(folder / "client.key")
    return Tls(folder / "ca.pem", folder / "client.pem", folder / "client.key", server_name)


@pytest.mark.parametrize("size", [3, 2_000_000])
def test_tls_both_ways(
    secure_address: str, authority: trustme.CA, tmp_path: Path, size: int
) -> None:
    """An h2s:// target checks the server's certificate and shows the client's own."""
    tls = own_certificate(authority, tmp_path, "models.example")
    sent = np.arange(size, dtype=np.uint8)

    with connect(f"h2s://{secure_address}", tls=tls, retry=ONCE) as client:
        results = [client.predict(MODEL, {"x": sent}, timeout_s=60) for _ in range(3)]

    assert all(np.array_equal(result["x"], sent) for result in results)


def test_certificate_of_somebody_else_is_not_trusted(
    secure_address: str, authority: trustme.CA, tmp_path: Path
) -> None:
    """A server with another name than expected is refused, once."""
    tls = own_certificate(authority, tmp_path, "other.example")

    with (
        connect(f"h2s://{secure_address}", tls=tls) as client,
        pytest.raises(UnavailableError, match=r"not trusted.*other\.example") as caught,
    ):
        client.predict(MODEL, X)

    assert caught.value.attempts == 1


def test_certificates_that_are_none_are_a_config_error(tmp_path: Path) -> None:
    """A CA file that is missing fails with a sentence."""
    tls = Tls(ca_file=tmp_path / "absent.pem")

    with (
        connect("h2s://127.0.0.1:1", tls=tls) as client,
        pytest.raises(ConfigError, match="ca_file"),
    ):
        client.predict(MODEL, X)


def test_plain_text_to_a_server_with_tls(secure_address: str) -> None:
    """A server that wants TLS is unavailable to a client that does not speak it."""
    with connect(secure_address, retry=ONCE) as client, pytest.raises(UnavailableError):
        client.predict(MODEL, X)


def test_async_client_takes_the_same_targets(
    server: RawServer, secure_address: str, authority: trustme.CA, tmp_path: Path
) -> None:
    """In an event loop the gRPC library carries the calls, to the same addresses."""
    tls = own_certificate(authority, tmp_path, "models.example")

    async def predict(target: str) -> int | None:
        async with AsyncServingClient(target, tls=tls, check_inputs=False) as client:
            return (await client.predict(MODEL, X)).model.version

    plain = asyncio.run(predict(f"h2://{server.address}"))
    secure = asyncio.run(predict(f"h2s://{secure_address}"))

    assert (plain, secure) == (1, 1)


@contextmanager
def saying(*words: bytes, context: ssl.SSLContext | None = None) -> Iterator[str]:
    """Listens, says something to everyone who connects, and then listens until they hang up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_say, args=(listener, words, context))
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)


def _say(listener: socket.socket, words: tuple[bytes, ...], context: ssl.SSLContext | None) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection, suppress(OSError):
            if context is not None:
                connection = context.wrap_socket(connection, server_side=True)
            for each in words:
                connection.sendall(each)
            while connection.recv(65_536):
                pass
            connection.close()


HELLO = settings({Setting.MAX_CONCURRENT_STREAMS: 1})
PAGE = literal(b":status", b"401") + literal(b"content-type", b"text/html")
OTHERS: dict[str, tuple[bytes, type[ServingError], str]] = {
    "http/1": (b"HTTP/1.1 400 Bad\r\n\r\n", UnavailableError, "is this the server's REST port"),
    "noise": (b"\xff\0garbage" * 20, UnavailableError, "does not speak HTTP/2"),
    "a page": (HELLO + headers(PAGE), UnauthenticatedError, "not from a gRPC server"),
    "compressed": (
        HELLO + headers(HEAD) + data(b"\1\0\0\0\1a"), InternalError, "compressed",
    ),
    "huge": (
        HELLO + headers(HEAD) + data(b"\0\xff\xff\xff\xff"), ResourceExhaustedError, "4294967295",
    ),
    "flood": (
        HELLO + headers(HEAD, 0) + frame(FrameType.CONTINUATION, b"", 0, 1) * 1000,
        UnavailableError, "headers without an end",
    ),
    "silence": (b"", DeadlineExceededError, "no answer"),
    "silence after a while": (HELLO + headers(HEAD), DeadlineExceededError, "no answer"),
    "a part": (
        HELLO + headers(HEAD) + data(message(ANSWER)[:9]), DeadlineExceededError, "no answer",
    ),
    "pings": (HELLO + frame(FrameType.PING, bytes(8)) * 500, DeadlineExceededError, "no answer"),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
def test_servers_of_another_kind(name: str) -> None:
    """Whatever listens there, a call ends with its deadline at the latest, and says what it was."""
    said, kind, what = OTHERS[name]
    with (
        saying(said) as address,
        connect(address, retry=ONCE) as client,
        pytest.raises(kind, match=what) as caught,
    ):
        client.predict(MODEL, X, timeout_s=0.5)

    assert isinstance(caught.value, RpcError)
    assert caught.value.attempts == 1


def test_upload_that_nobody_reads_meets_the_deadline() -> None:
    """A server that takes nothing more does not hold a large request for ever."""
    wide = settings({Setting.INITIAL_WINDOW_SIZE: 2**31 - 1}) + frame(
        FrameType.WINDOW_UPDATE, (2**31 - 1 - 65_535).to_bytes(4, "big")
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 10_000)
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        accepted = []

        def accept() -> None:
            connection, _ = listener.accept()
            connection.sendall(wide)
            accepted.append(connection)

        thread = threading.Thread(target=accept)
        thread.start()
        with connect(address) as client, pytest.raises(DeadlineExceededError):
            client.predict(MODEL, {"x": np.zeros(30_000_000, np.uint8)}, timeout_s=1)

        thread.join()
        accepted[0].close()


def test_tls_without_http_2(authority: trustme.CA, tmp_path: Path) -> None:
    """A server that is trusted but offers no HTTP/2 is told apart."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("models.example").configure_cert(context)
    tls = Tls(ca_file=tmp_path / "ca.pem", server_name="models.example")

    with (
        saying(context=context) as address,
        connect(f"h2s://{address}", tls=tls, retry=ONCE) as client,
        pytest.raises(UnavailableError, match="does not offer HTTP/2"),
    ):
        client.predict(MODEL, X, timeout_s=5)


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

        with (
            connect(f"127.0.0.1:{port}", timeouts=Timeouts(connect_s=0.2), retry=ONCE) as client,
            pytest.raises(UnavailableError, match="time for connecting"),
        ):
            client.predict(MODEL, X, timeout_s=30)

        for probe in waiting:
            probe.close()


def test_large_answer_of_every_kind(tiny_server: TinyServers) -> None:
    """Answers that come in many pieces are read by all calls alike."""
    names = [f"{number:05}" * 10 for number in range(3000)]
    many = TinyModel(
        lambda inputs: {"y": inputs["x"]},
        classify=lambda examples: [dict.fromkeys(names, 0.5) for _ in examples],
    )
    server = tiny_server({"many": many})

    with connect(server.target) as client:
        answer = client.classify(ModelRef("many"), [{"x": 1.0}])

    assert [each.label for each in answer.classes[0]] == names
