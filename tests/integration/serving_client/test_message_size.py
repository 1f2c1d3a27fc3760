"""Messages over the limit: who refuses them, and what the error says."""

from collections.abc import Callable, Iterator

import grpc
import numpy as np
import pytest

from serving_client import (
    Limits,
    MessageTooLargeError,
    ResourceExhaustedError,
    Retry,
)
from tests.integration.serving_client.callers import CALLER_NAMES, CALLERS, MakeCaller
from tests.integration.serving_client.raw_server import ANSWER, RawServer

SETTING = r"message_bytes_max \(SIGHTLINE_SERVING_MESSAGE_BYTES_MAX\)"
BIG = {"x": np.zeros(5000, np.uint8)}
TRIED_OFTEN = Retry(attempts_max=9)


@pytest.fixture
def server(free_port: Callable[[], int]) -> Iterator[RawServer]:
    options = (("grpc.max_receive_message_length", 10_000),)
    with RawServer(f"127.0.0.1:{free_port()}", options=options) as running:
        yield running


@pytest.fixture(params=CALLERS, ids=CALLER_NAMES)
def make_caller(request: pytest.FixtureRequest) -> MakeCaller:
    made: MakeCaller = request.param
    return made


def test_large_request_is_not_sent(make_caller: MakeCaller, server: RawServer) -> None:
    """A request over the client's limit names setting and sizes, and the server hears nothing."""
    limits = Limits(message_bytes_max=1000)
    with (
        make_caller(server.address, limits=limits, retry=TRIED_OFTEN) as caller,
        pytest.raises(ResourceExhaustedError) as caught,
    ):
        caller.predict(10, BIG)

    assert type(caught.value) is MessageTooLargeError
    assert caught.match(rf"the request has 50\d\d bytes, and the setting {SETTING} allows 1000")
    assert caught.value.attempts == 1
    assert not server.entered.is_set()


def test_large_answer_names_the_setting(make_caller: MakeCaller, server: RawServer) -> None:
    """An answer over the client's limit names the setting and both sizes, and is asked for once."""
    server.answer = lambda _, __: ANSWER + bytes(5000)
    limits = Limits(message_bytes_max=1000)
    with (
        make_caller(server.address, limits=limits, retry=TRIED_OFTEN) as caller,
        pytest.raises(ResourceExhaustedError) as caught,
    ):
        caller.predict(10)

    assert type(caught.value) is MessageTooLargeError
    size = len(ANSWER) + 5000
    assert caught.match(rf"the answer has {size} bytes, and the setting {SETTING} allows 1000")
    assert caught.value.attempts == 1


def test_limit_of_the_server_is_told_apart(make_caller: MakeCaller, server: RawServer) -> None:
    """What the server refuses is a plain ResourceExhaustedError, in the server's words."""
    with (
        make_caller(server.address, retry=TRIED_OFTEN) as caller,
        pytest.raises(ResourceExhaustedError, match="SERVER: Received message larger") as caught,
    ):
        caller.predict(10, {"x": np.zeros(20_000, np.uint8)})

    assert type(caught.value) is ResourceExhaustedError
    assert "SIGHTLINE" not in str(caught.value)


def test_message_of_just_the_size_passes(make_caller: MakeCaller, server: RawServer) -> None:
    """The limit itself is allowed, and a byte more is not."""
    sizes: list[int] = []

    def answer(request: bytes, _: grpc.ServicerContext) -> bytes:
        sizes.append(len(request))
        return ANSWER

    server.answer = answer
    with make_caller(server.address) as caller:
        caller.predict(10, BIG)
    size = sizes[0]

    with make_caller(server.address, limits=Limits(message_bytes_max=size)) as caller:
        caller.predict(10, BIG)
    with (
        make_caller(server.address, limits=Limits(message_bytes_max=size - 1)) as caller,
        pytest.raises(MessageTooLargeError),
    ):
        caller.predict(10, BIG)

    assert sizes == [size, size]
