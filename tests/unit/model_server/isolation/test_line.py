"""Both ends of a line, in one process."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pytest

from model_server.isolation.line import Line, LineClosedError
from model_server.isolation.protocol import Done, Failed, GiveUp, PackedTensor
from model_server.isolation.shared_memory import Block
from model_server.status import Code

BYTE = np.dtype(np.uint8)
ENORMOUS = 1_000_000


def new_line() -> tuple[Line, Line]:
    """Both ends of it."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    block = Block()
    return Line(ours, block), Line(theirs, Block(os.dup(block.fd)))


@pytest.fixture
def ends() -> Iterator[tuple[Line, Line]]:
    """Both ends of a line, as the two processes have them."""
    both = new_line()
    yield both
    for end in both:
        end.close()


def failed(message: str) -> Failed:
    return Failed(code=Code.INTERNAL, message=message, was_dropped=False, spent_s={})


def test_messages_arrive_whole_and_in_order(ends: tuple[Line, Line]) -> None:
    """Also when several are sent before one is received."""
    ours, theirs = ends

    ours.send(failed("a"))
    ours.send(GiveUp())

    assert [theirs.receive(), theirs.receive()] == [failed("a"), GiveUp()]


def test_a_message_of_any_size_arrives(ends: tuple[Line, Line]) -> None:
    """One that no socket would take lies in the block, behind the tensors that it is about."""
    ours, theirs = ends
    packed = [PackedTensor("x", "uint8", [100], 0, 100)]
    packed += [PackedTensor(f"none {index}", "uint8", [0], 0, 0) for index in range(10_000)]

    ours.send(failed("x" * ENORMOUS))
    assert theirs.receive() == failed("x" * ENORMOUS)
    ours.block.view(0, [100], BYTE)[...] = 7
    ours.send(Done(tensors=packed, spent_s={}))
    answer = theirs.receive()

    assert isinstance(answer, Done)
    assert answer.tensors == packed
    assert (theirs.block.view(0, [100], BYTE) == 7).all()


def test_news_are_waited_for(ends: tuple[Line, Line]) -> None:
    """For as long as was said, or until they come."""
    ours, theirs = ends
    before = theirs.has_news(), theirs.has_news(0.01)
    sender = threading.Timer(0.05, ours.send, [GiveUp()])
    sender.start()

    during = theirs.has_news(30)
    sender.join()

    assert (*before, during, theirs.has_news()) == (False, False, True, True)


def test_a_line_that_is_hung_up_says_so() -> None:
    """What was said before still arrives; then whoever listens or speaks is told."""
    ours, theirs = new_line()
    ours.send(GiveUp())
    ours.close()

    with closing(theirs):
        assert theirs.receive() == GiveUp()
        assert theirs.has_news()
        with pytest.raises(LineClosedError):
            theirs.receive()
        with pytest.raises(LineClosedError):
            theirs.send(GiveUp())
