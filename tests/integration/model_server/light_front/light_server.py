"""A server with the light gRPC front end, and what tests ask it."""

import logging
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from model_server.h2_front.front import LightFront
from model_server.testing import FakeRuntime, wait_until
from tests.integration.model_server.light_front.raw_http2 import RawClient, call
from tests.integration.model_server.servers import Running, run_server

Start = Callable[..., Running]
"""Starts a server with limits of a test's own."""


class Complaints(logging.Handler):
    """Keeps the errors that were logged."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(record.getMessage())


@contextmanager
def light_server(folder: Path) -> Iterator[Running]:
    """A server in this process; at the end it still answers, holds nothing, and logged no error."""
    (folder / "1").mkdir()
    complaints, log = Complaints(), logging.getLogger("model_server")
    log.addHandler(complaints)
    running = run_server(FakeRuntime(), model_base_path=str(folder), light_grpc=True)
    try:
        yield running
        assert is_right(running)
        wait_until(lambda: front_of(running)._budget.taken == 0)
    finally:
        running.close()
        log.removeHandler(complaints)
    assert complaints.heard == []


def front_of(running: Running) -> LightFront:
    front = running.server._grpc
    assert isinstance(front, LightFront)
    return front


def port_of(running: Running) -> int:
    return running.server._flags.port


def connect(running: Running, hello: bytes | None = None) -> "closing[RawClient]":
    return closing(RawClient(port_of(running), hello))


def is_right(running: Running) -> bool:
    """Whether somebody else is answered."""
    with connect(running) as client:
        client.say(call(1))
        fields, _ = client.answer(1)
        return fields["grpc-status"] == "0"
