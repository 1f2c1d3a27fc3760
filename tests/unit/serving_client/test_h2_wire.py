"""Bytes over a socket, within deadlines."""

import socket
import struct
from collections.abc import Iterator

import pytest

from serving_client._deadline import Deadline
from serving_client._h2_wire import PlainWire

LATE_AT_MOST = 9 / 8  # of the time that Linux is told to wait


class Clock:
    """A clock that the socket moves on."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class TardySocket(socket.socket):
    """Receives nothing, and gives up as late as Linux may."""

    clock: Clock
    waits_s: list[float]

    def setsockopt(self, *option: object) -> None:
        seconds, micros = struct.unpack("@ll", option[2])  # type: ignore[arg-type]  # of SO_RCVTIMEO
        self.waits_s.append(seconds + micros / 1e6)

    def recv_into(self, *_: object) -> int:
        self.clock.now_s += self.waits_s[-1] * LATE_AT_MOST
        raise BlockingIOError


@pytest.fixture
def raw() -> Iterator[TardySocket]:
    with TardySocket(socket.AF_UNIX) as tardy:
        tardy.clock, tardy.waits_s = Clock(), []
        yield tardy


@pytest.mark.parametrize("timeout_s", [0.001, 0.1, 0.3, 2.1, 4.9, 30.0, 1000.0])
def test_a_wait_ends_with_its_deadline(raw: TardySocket, timeout_s: float) -> None:
    """Even where the kernel is as late as it may be, a call ends within 50 ms of its deadline."""
    deadline = Deadline(timeout_s, raw.clock)

    with pytest.raises(TimeoutError):
        PlainWire(raw).receive(memoryview(bytearray(1)), deadline)

    assert timeout_s <= raw.clock.now_s < timeout_s + 0.05
    assert len(raw.waits_s) < timeout_s / 4 + 10
