"""Requests as they come in, and the memory that they take."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_server.h2_front.budget import Budget
from model_server.h2_front.inflow import PREFIX, Inflow
from model_server.status import Code, ServingError


def sent(message: bytes, *, flag: int = 0) -> bytes:
    return PREFIX.pack(flag, len(message)) + message


@given(st.binary(max_size=300), st.lists(st.integers(1, 50), min_size=1))
def test_pieces_make_the_message(message: bytes, sizes: list[int]) -> None:
    """However it is cut; what follows it is ignored."""
    budget = Budget(1 << 20)
    inflow = Inflow(1000, budget)
    rest = memoryview(sent(message) + b"more")
    while rest:
        size = sizes.pop() if sizes else len(rest)
        inflow.take(rest[:size])
        rest = rest[size:]

    assert inflow.is_complete
    assert bytes(inflow.message) == message
    inflow.close()
    assert budget.taken == 0


def test_bytes_can_be_put_where_they_belong() -> None:
    """As many as there is room for, which grows with what has come."""
    budget = Budget(1 << 30)
    inflow = Inflow(1 << 30, budget)
    message = bytes(range(256)) * 2000
    inflow.take(memoryview(sent(message))[:1000])
    first = len(inflow.open_room)
    place = 995
    while not inflow.is_complete:
        room = inflow.open_room
        if not room:
            inflow.take(memoryview(message)[place : place + 1])
            place += 1
            continue
        room[:] = message[place : place + len(room)]
        inflow.note(len(room))
        place += len(room)

    assert first < 1 << 16
    assert bytes(inflow.message) == message
    assert budget.taken == len(message)


def test_announcement_takes_little() -> None:
    """The rest is taken as it comes."""
    budget = Budget(1 << 40)
    inflow = Inflow(2**31, budget)

    inflow.take(memoryview(PREFIX.pack(0, 2**31) + b"x"))

    assert budget.taken == 1 << 16


def test_limits() -> None:
    """A message that is too large is refused at its beginning, one too many when it needs room."""
    budget = Budget(100)
    with pytest.raises(ServingError, match="at most 10") as too_large:
        Inflow(10, budget).take(memoryview(sent(bytes(11))))
    Inflow(1000, budget).take(memoryview(sent(bytes(500))))
    with pytest.raises(ServingError, match="try again later") as too_many:
        Inflow(1000, budget).take(memoryview(sent(bytes(1))))

    assert {too_large.value.code, too_many.value.code} == {Code.RESOURCE_EXHAUSTED}
    assert budget.taken == 500
