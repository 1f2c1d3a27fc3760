"""Connections that are kept, and those that are not."""

from collections.abc import Callable

import pytest

from serving_client import ClientClosedError
from serving_client._connection_pool import ConnectionPool, Exchange
from serving_client._deadline import Deadline


class Connection:
    """Notes what happens to it."""

    def __init__(self) -> None:
        self.is_open = self.is_fresh = self.is_usable = True
        self.aborted = self.closed = 0

    def abort(self) -> None:
        self.aborted += 1

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def made() -> list[Connection]:
    return []


@pytest.fixture
def pool(made: list[Connection]) -> ConnectionPool[Connection]:
    def connect(_: Deadline) -> Connection:
        made.append(Connection())
        return made[-1]

    return ConnectionPool(connect)


Use = Callable[[Connection], object]


def run(pool: ConnectionPool[Connection], use: Use, exchange: Exchange | None = None) -> object:
    return pool.run(use, Deadline(10), exchange or Exchange())


def test_connection_is_used_again(pool: ConnectionPool[Connection], made: list[Connection]) -> None:
    """One exchange after the other needs one connection."""
    used = [run(pool, lambda connection: connection) for _ in range(3)]

    assert used == made * 3
    assert not made[0].closed


def test_exchanges_at_once_have_connections_of_their_own(
    pool: ConnectionPool[Connection], made: list[Connection]
) -> None:
    """There are as many connections as exchanges at once, and the last one is used first."""
    run(pool, lambda _: run(pool, lambda _: None))

    again = run(pool, lambda connection: connection)

    assert len(made) == 2
    assert again is made[0]


def test_connection_that_fails_is_closed(
    pool: ConnectionPool[Connection], made: list[Connection]
) -> None:
    """Nobody knows what comes over a connection after an error."""

    def fail(_: Connection) -> None:
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        run(pool, fail)
    run(pool, lambda _: None)

    assert [each.closed for each in made] == [1, 0]


def test_connection_that_is_not_open_any_more_is_closed(
    pool: ConnectionPool[Connection], made: list[Connection]
) -> None:
    """A server that takes on nothing more is let go at once."""
    run(pool, lambda connection: setattr(connection, "is_open", False))

    assert made[0].closed


def test_connection_that_ended_is_replaced(
    pool: ConnectionPool[Connection], made: list[Connection]
) -> None:
    """What the server closed meanwhile is noticed before the next exchange."""
    run(pool, lambda _: None)
    made[0].is_usable = False

    used = run(pool, lambda connection: connection)

    assert used is made[1]
    assert made[0].closed


def test_connections_that_rest_too_long_are_closed(
    pool: ConnectionPool[Connection], made: list[Connection]
) -> None:
    """After many exchanges at once, what is not needed any more is closed as time goes by."""
    run(pool, lambda _: run(pool, lambda _: None))
    for each in made:
        each.is_fresh = False

    run(pool, lambda _: None)

    assert [each.closed for each in made] == [0, 1]


def test_exchange_that_was_ended_keeps_no_connection(
    pool: ConnectionPool[Connection], made: list[Connection]
) -> None:
    """A connection that another thread ended is not used again, even if the answer was faster."""
    exchange = Exchange()

    run(pool, lambda _: exchange.end(), exchange)

    assert (made[0].aborted, made[0].closed) == (1, 1)


def test_closing_ends_what_is_under_way(
    pool: ConnectionPool[Connection], made: list[Connection]
) -> None:
    """Closing frees connections that rest, ends those in use, and lets nobody else in."""
    run(pool, lambda _: run(pool, lambda _: None))

    run(pool, lambda _: pool.close())

    assert pool.is_closed
    assert [(each.aborted, each.closed) for each in made] == [(1, 1), (0, 1)]
    with pytest.raises(ClientClosedError):
        run(pool, lambda _: None)


def test_forked_child_has_no_copies(
    pool: ConnectionPool[Connection], made: list[Connection]
) -> None:
    """A child closes its copies of all connections, without a word to the server."""
    run(pool, lambda _: run(pool, lambda _: None))

    run(pool, lambda _: pool.renew())

    assert [(each.aborted, each.closed) for each in made] == [(0, 1), (0, 1)]
