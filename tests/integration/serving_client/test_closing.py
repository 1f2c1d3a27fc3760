"""Closing a client while calls are under way at a real server."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent import futures

import grpc
import numpy as np
import pytest

from serving_client import (
    AsyncServingClient,
    ClientClosedError,
    Hedge,
    ModelRef,
    ServingClient,
    UnavailableError,
)
from tests.integration.serving_client.raw_server import ANSWER, RawServer

MODEL = ModelRef("raw")
X = {"x": np.zeros(3)}
SCHEMES = pytest.mark.parametrize("scheme", ["grpc", "h2"])
HEDGES = pytest.mark.parametrize("hedge", [Hedge(), Hedge(0.01)], ids=["alone", "raced"])


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    made = threading.Event()
    yield made
    made.set()


@pytest.fixture
def server(gate: threading.Event, free_port: Callable[[], int]) -> Iterator[RawServer]:
    def answer(_: bytes, __: grpc.ServicerContext) -> bytes:
        assert gate.wait(60)
        return ANSWER

    with RawServer(f"127.0.0.1:{free_port()}", answer) as running:
        yield running
        gate.set()


def connect(server: RawServer, hedge: Hedge, scheme: str) -> ServingClient:
    return ServingClient(f"{scheme}://{server.address}", hedge=hedge, check_inputs=False)


@SCHEMES
@HEDGES
def test_calls_finish(server: RawServer, gate: threading.Event, hedge: Hedge, scheme: str) -> None:
    """With time to finish, calls are answered; those that come meanwhile are refused."""
    client = connect(server, hedge, scheme)
    with futures.ThreadPoolExecutor(5) as pool:
        calls = [pool.submit(client.predict, MODEL, X, timeout_s=60) for _ in range(4)]
        assert server.entered.wait(30)
        while client._carrier._running < len(calls):
            pass
        closing = pool.submit(client.close, finish_s=60)
        while not client._carrier._is_closing:
            pass
        with pytest.raises(ClientClosedError):
            client.predict(MODEL, X)
        gate.set()

        closing.result(60)

        assert [float(call.result(1)["y"]) for call in calls] == [0.5] * 4


@SCHEMES
@HEDGES
def test_calls_that_do_not_finish_are_ended(server: RawServer, hedge: Hedge, scheme: str) -> None:
    """Calls that take too long to finish are ended, with the reason."""
    client = connect(server, hedge, scheme)
    with futures.ThreadPoolExecutor(1) as pool:
        call = pool.submit(client.predict, MODEL, X, timeout_s=60)
        assert server.entered.wait(30)

        client.close(finish_s=0.1)

        assert isinstance(call.exception(30), ClientClosedError)


def test_closing_ends_the_wait_for_another_attempt(free_port: Callable[[], int]) -> None:
    """A call that pauses before it tries again does not outlive the client."""
    paused = threading.Event()

    class Watching:
        headers = ()

        def attempt_started(self, _: object) -> None: ...

        def attempt_failed(self, *_: object) -> None:
            paused.set()

        def call_ended(self, _: object) -> None: ...

    client = ServingClient(
        f"127.0.0.1:{free_port()}",
        check_inputs=False,
        observer=lambda _: Watching(),  # type: ignore[arg-type,return-value]  # it will do
        uniform=lambda _, __: 3600.0,
    )
    with futures.ThreadPoolExecutor(1) as pool:
        call = pool.submit(client.predict, MODEL, X, timeout_s=7200)
        assert paused.wait(30)

        client.close()

        assert isinstance(call.exception(30), (ClientClosedError, UnavailableError))


@HEDGES
def test_async_calls_finish(server: RawServer, gate: threading.Event, hedge: Hedge) -> None:
    """With time to finish, calls are answered; those that come meanwhile are refused."""

    async def main() -> list[float]:
        client = AsyncServingClient(server.address, hedge=hedge, check_inputs=False)
        calls = [asyncio.create_task(client.predict(MODEL, X, timeout_s=60)) for _ in range(4)]
        assert await asyncio.to_thread(server.entered.wait, 30)
        closing = asyncio.create_task(client.close(finish_s=60))
        await asyncio.sleep(0)
        with pytest.raises(ClientClosedError):
            await client.predict(MODEL, X)
        gate.set()
        await closing
        assert all(call.done() for call in calls)
        return [float((await call)["y"]) for call in calls]

    assert asyncio.run(main()) == [0.5] * 4


@HEDGES
def test_async_calls_that_do_not_finish_are_ended(server: RawServer, hedge: Hedge) -> None:
    """Calls that take too long to finish are ended, with the reason, when `close` returns."""

    async def main() -> None:
        client = AsyncServingClient(server.address, hedge=hedge, check_inputs=False)
        call = asyncio.create_task(client.predict(MODEL, X, timeout_s=60))
        assert await asyncio.to_thread(server.entered.wait, 30)
        await client.close(finish_s=0.1)
        await asyncio.sleep(0)
        assert call.done()
        with pytest.raises(ClientClosedError):
            await call

    asyncio.run(main())


def test_server_hears_of_a_cancelled_task(server: RawServer, gate: threading.Event) -> None:
    """A task that is cancelled ends its call at the server, too."""
    ended = threading.Event()

    def answer(_: bytes, context: grpc.ServicerContext) -> bytes:
        context.add_callback(ended.set)
        assert gate.wait(60)
        return ANSWER

    server.answer = answer

    async def main() -> None:
        async with AsyncServingClient(server.address, check_inputs=False) as client:
            call = asyncio.create_task(client.predict(MODEL, X, timeout_s=60))
            assert await asyncio.to_thread(server.entered.wait, 30)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            assert await asyncio.to_thread(ended.wait, 30)

    asyncio.run(main())
