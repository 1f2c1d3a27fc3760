"""Both clients in bad weather: calls end as documented, within their deadlines, and leave nothing.

How much later than its deadline a call ended is logged; `pytest -o log_cli_level=INFO` shows it.
"""

import gc
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import suppress
from pathlib import Path
from typing import Any

import grpc
import pytest

from protos.gen.tensorflow.core.framework import tensor_pb2, types_pb2
from protos.gen.tensorflow_serving.apis import predict_pb2
from serving_client import (
    AnswerError,
    DeadlineExceededError,
    Hedge,
    Limits,
    Retry,
    RpcError,
    ServingError,
    UnavailableError,
)
from tests.integration.serving_client.callers import (
    CALLER_NAMES,
    CALLERS,
    AsyncCaller,
    H2Caller,
    MakeCaller,
    ThreadCaller,
)
from tests.integration.serving_client.raw_server import ANSWER, RawServer
from tests.integration.serving_client.weather import (
    BlackHole,
    Calm,
    Cut,
    Drip,
    Fickle,
    Garbage,
    HalfClose,
    Proxy,
    Reset,
    Weather,
)

logger = logging.getLogger(__name__)

SLACK_S = 1.0  # of a busy machine
EAGER = Retry(attempts_max=50, pause_first_s=0.02, pause_max_s=0.1)
FEW = Retry(attempts_max=3, pause_first_s=0.02)
ONE_CHANNEL = Limits(channels=1)


def until(condition: Callable[[], bool], timeout_s: float = 15.0) -> bool:
    """Waits until something is so, and says whether it came to that."""
    end = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def open_files() -> int:
    """How many descriptors this process has open."""
    gc.collect()
    return len(list(Path("/proc/self/fd").iterdir()))


def threads() -> set[threading.Thread]:
    """The threads there are, but for those of the server and of the weather."""
    gc.collect()
    others = ("raw", "weather", "_serve")
    return {each for each in threading.enumerate() if not any(o in each.name for o in others)}


@pytest.fixture
def server(free_port: Callable[[], int]) -> Iterator[RawServer]:
    with RawServer(f"127.0.0.1:{free_port()}") as running:
        yield running


@pytest.fixture
def proxy(server: RawServer) -> Iterator[Proxy]:
    with Proxy(int(server.address.rpartition(":")[2])) as running:
        yield running


@pytest.fixture(autouse=True)
def no_leak(server: RawServer, proxy: Proxy) -> Iterator[None]:
    """After a test, all descriptors and threads are gone that were not there before it."""
    assert server
    assert until(lambda: not proxy.connections)
    threads_before, files_before = threads(), open_files()
    yield
    proxy.weather = Calm()
    assert until(lambda: not proxy.connections)
    assert until(lambda: threads() <= threads_before), threads() - threads_before
    assert until(lambda: open_files() <= files_before)


@pytest.fixture(params=CALLERS, ids=CALLER_NAMES)
def make_caller(request: pytest.FixtureRequest) -> MakeCaller:
    made: MakeCaller = request.param
    return made


class Stopwatch:
    """Measures how much later than its deadline a call ends."""

    def __init__(self, deadline_s: float) -> None:
        self._deadline_s = deadline_s

    def __enter__(self) -> None:
        self._start = time.monotonic()

    def __exit__(self, *_: object) -> None:
        overrun_s = time.monotonic() - self._start - self._deadline_s
        logger.info("ended %+.0f ms from its deadline", 1000 * overrun_s)
        assert overrun_s < SLACK_S


MID_CALL: dict[str, tuple[Callable[[], Weather], type[ServingError]]] = {
    "reset": (Reset, UnavailableError),
    "half-close": (HalfClose, UnavailableError),
    "cut in the middle": (lambda: Cut(40), UnavailableError),
    "garbage": (lambda: Garbage(b"\xff\x00garbage" * 20), UnavailableError),
    "another protocol": (
        lambda: Garbage(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"),
        UnavailableError,
    ),
    "black hole": (BlackHole, DeadlineExceededError),
    "slow drip": (lambda: Drip(4, 0.1), DeadlineExceededError),
}


@pytest.mark.parametrize("is_connected", [True, False], ids=["connected", "not connected"])
@pytest.mark.parametrize("weather", MID_CALL)
def test_weather_that_stays(
    make_caller: MakeCaller, proxy: Proxy, weather: str, *, is_connected: bool
) -> None:
    """A call that never gets through ends with the documented error, no later than its deadline."""
    make_weather, error = MID_CALL[weather]
    with make_caller(f"127.0.0.1:{proxy.port}", retry=FEW, limits=ONE_CHANNEL) as caller:
        if is_connected:
            caller.predict(10)
        proxy.weather = make_weather()

        with Stopwatch(1.0), pytest.raises(error) as caught:
            caller.predict(1.0)

    assert isinstance(caught.value, RpcError)
    assert caught.value.attempts == (3 if error is UnavailableError else 1)


@pytest.mark.parametrize(
    "weather", [name for name, (_, error) in MID_CALL.items() if error is UnavailableError]
)
def test_weather_that_passes(make_caller: MakeCaller, proxy: Proxy, weather: str) -> None:
    """A connection that breaks in the middle of a call is made again, and the call succeeds."""
    make_weather, _ = MID_CALL[weather]
    with make_caller(f"127.0.0.1:{proxy.port}", retry=EAGER, limits=ONE_CHANNEL) as caller:
        caller.predict(10)
        proxy.strike(make_weather())

        result = caller.predict(10)

    # An attempt is not always lost: the weather may strike while nothing but a ping is under way.
    assert result.timings.attempts >= 1
    assert proxy.accepted > 1


def test_nobody_listens(make_caller: MakeCaller, proxy: Proxy) -> None:
    """A refused connection is an UnavailableError after the attempts there may be."""
    with make_caller(f"127.0.0.1:{proxy.port}", retry=FEW) as caller:
        caller.predict(10)
        proxy.refuse()

        with Stopwatch(2.0), pytest.raises(UnavailableError) as caught:
            caller.predict(2.0)

    assert caught.value.attempts == 3


def test_somebody_listens_again(make_caller: MakeCaller, proxy: Proxy) -> None:
    """A call that begins while nobody listens succeeds when somebody does."""
    with make_caller(f"127.0.0.1:{proxy.port}", retry=EAGER) as caller:
        caller.predict(10)
        proxy.refuse()
        later = threading.Timer(0.3, proxy.accept)
        later.start()

        result = caller.predict(10)

        later.join()
    assert result.timings.attempts > 1


def test_connections_that_the_network_forgot_are_made_again(
    make_caller: MakeCaller, proxy: Proxy
) -> None:
    """After three calls that got no answer, at the latest, the client has new connections."""
    with make_caller(f"127.0.0.1:{proxy.port}") as caller:
        caller.predict(10)
        caller.predict(10)  # over the other channel
        proxy.strike(BlackHole())
        with Stopwatch(0.2), pytest.raises(DeadlineExceededError):
            caller.predict(0.2)
        for _ in range(2):
            with Stopwatch(0.2), suppress(DeadlineExceededError):
                caller.predict(0.2)

        result = caller.predict(10)

    assert result.timings.attempts == 1


@pytest.mark.parametrize("weather", [Drip(20, 0.02), Drip(10**6, 0.2)], ids=["drip", "delay"])
def test_slow_weather_is_sat_out(make_caller: MakeCaller, proxy: Proxy, weather: Weather) -> None:
    """An answer that takes its time is an answer, where the deadline allows."""
    with make_caller(f"127.0.0.1:{proxy.port}") as caller:
        proxy.weather = weather

        result = caller.predict(30)

    assert result.timings.attempts == 1


def test_deadline_shorter_than_the_way(make_caller: MakeCaller, proxy: Proxy) -> None:
    """A deadline that the network cannot meet is met by the client; the next call is unharmed."""
    with make_caller(f"127.0.0.1:{proxy.port}", limits=ONE_CHANNEL) as caller:
        caller.predict(10)
        proxy.weather = Drip(10**6, 0.3)
        with Stopwatch(0.05), pytest.raises(DeadlineExceededError):
            caller.predict(0.05)
        proxy.weather = Calm()

        result = caller.predict(10)

    assert result["y"] == 0.5


def answer_with(**output: Any) -> bytes:
    """An answer whose only output has some fields that do not go together."""
    message = predict_pb2.PredictResponse.FromString(ANSWER)
    message.outputs["y"].CopyFrom(tensor_pb2.TensorProto(**output))
    return message.SerializeToString()


NONSENSE = {
    "a dtype that is none": answer_with(dtype=99, tensor_content=bytes(4)),
    "no dtype": answer_with(tensor_content=bytes(4)),
    "bytes that fit no shape": answer_with(dtype=types_pb2.DT_FLOAT, tensor_content=bytes(3)),
    "an end too soon": ANSWER[:-3],
    "no model": b"",
    "no message": b"\xff" * 9,
}


@pytest.mark.parametrize("nonsense", NONSENSE)
def test_answer_that_makes_no_sense(
    make_caller: MakeCaller, server: RawServer, nonsense: str
) -> None:
    """An answer that is none raises AnswerError, and the connection goes on."""
    server.answer = lambda _, __: NONSENSE[nonsense]
    with make_caller(server.address) as caller:
        with pytest.raises(AnswerError):
            caller.predict(10)
        server.answer = lambda _, __: ANSWER

        result = caller.predict(10)

    assert result["y"] == 0.5


def test_cancelled_by_the_server(make_caller: MakeCaller, server: RawServer) -> None:
    """A server that cancels calls, as one does that is about to stop, is tried again."""

    def cancel(_: bytes, context: grpc.ServicerContext) -> bytes:
        server.answer = lambda _, __: ANSWER
        context.abort(grpc.StatusCode.CANCELLED, "stopping")

    server.answer = cancel
    with make_caller(server.address) as caller:
        result = caller.predict(10)

    assert result.timings.attempts == 2


@pytest.mark.parametrize("make_caller", [ThreadCaller, H2Caller])
def test_server_restarts_under_load(make_caller: MakeCaller, server: RawServer) -> None:
    """No call of many threads fails while the server is stopped and started again."""
    with make_caller(server.address, retry=Retry(attempts_max=1000, pause_max_s=0.2)) as caller:
        is_over = threading.Event()

        def load() -> int:
            calls = 0
            while not is_over.is_set():
                caller.predict(30)
                calls += 1
            return calls

        with futures.ThreadPoolExecutor(8) as pool:
            loads = [pool.submit(load) for _ in range(8)]
            for _ in range(3):
                server.entered.clear()
                assert server.entered.wait(30)
                server.stop()
                server.start()
            server.entered.clear()
            assert server.entered.wait(30)
            is_over.set()

            calls = [each.result(60) for each in loads]

    assert all(calls)


def test_name_that_moves(
    make_caller: MakeCaller, server: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When a name stands for another address, calls go there, and the old connections end."""
    host, _, port = server.address.rpartition(":")
    known = [host]

    def look_up(host: str, port: int, *_: object, **__: object) -> list[tuple[object, ...]]:
        found = known if host == "models.test" else [host]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in found]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with (
        RawServer(f"127.0.0.2:{port}") as other,
        make_caller(f"dns+grpc://models.test:{port}", retry=EAGER) as caller,
    ):
        caller.predict(10)
        server.stop()
        known[:] = ["127.0.0.2"]

        result = caller.predict(10)

        assert other.entered.is_set()
    assert result.timings.attempts > 1


def test_name_that_is_not_found(
    make_caller: MakeCaller, monkeypatch: pytest.MonkeyPatch, free_port: Callable[[], int]
) -> None:
    """A name without an address is an UnavailableError."""

    def look_up(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    target = f"dns+grpc://models.invalid:{free_port()}"

    with (
        make_caller(target, retry=FEW) as caller,
        Stopwatch(10),
        pytest.raises(UnavailableError),
    ):
        caller.predict(10)


@pytest.mark.parametrize("make_caller", [ThreadCaller, AsyncCaller])
def test_resolver_that_hangs(
    make_caller: MakeCaller, server: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A resolver that does not answer costs half of the deadline, and then the name is enough."""
    answer = threading.Event()

    def look_up(*_: object, **__: object) -> list[object]:
        answer.wait(30)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    port = server.address.rpartition(":")[2]

    with make_caller(f"dns+grpc://localhost:{port}") as caller:
        result = caller.predict(2.0)
        answer.set()

    assert result.timings.attempts == 1


def test_resolver_that_hangs_without_another(
    server: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who has no other resolver than the one that hangs is held no longer than the deadline."""
    answer = threading.Event()

    def look_up(*_: object, **__: object) -> list[object]:
        answer.wait(30)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    port = server.address.rpartition(":")[2]

    with (
        H2Caller(f"dns+grpc://localhost:{port}") as caller,
        Stopwatch(1.0),
        pytest.raises(DeadlineExceededError),
    ):
        caller.predict(1.0)

    answer.set()


CALLS = 10_000


def test_ten_thousand_calls_of_which_the_network_loses_one_in_ten(proxy: Proxy) -> None:
    """Each call succeeds or says why not, and there are no more attempts than the budget allows."""
    proxy.weather = Fickle(10)
    retry = Retry(pause_first_s=0.001, pause_max_s=0.002, attempts_max=10, budget_reserve=10)
    failed = attempts = 0
    with ThreadCaller(f"127.0.0.1:{proxy.port}", retry=retry, limits=ONE_CHANNEL) as caller:
        for _ in range(CALLS):
            try:
                attempts += caller.predict(10).timings.attempts
            except UnavailableError as error:
                attempts += error.attempts
                failed += 1

    logger.info("%d of %d calls failed, in %d attempts", failed, CALLS, attempts)
    assert attempts <= CALLS * (1 + retry.budget_ratio) + retry.budget_reserve
    assert proxy.accepted > CALLS / 20
    assert failed < CALLS / 10


@pytest.mark.parametrize("hedge", [Hedge(), Hedge(0.05)], ids=["alone", "raced"])
def test_error_that_is_kept_keeps_no_connection(
    make_caller: MakeCaller, proxy: Proxy, hedge: Hedge
) -> None:
    """Connections end with the client, even if somebody still has the error of a call."""
    with make_caller(f"127.0.0.1:{proxy.port}", hedge=hedge, limits=ONE_CHANNEL) as caller:
        caller.predict(10)
        proxy.weather = BlackHole()
        with pytest.raises(DeadlineExceededError) as kept:
            caller.predict(0.2)

    assert until(lambda: not proxy.connections)
    assert kept.value.attempts
