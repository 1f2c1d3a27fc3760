"""Connections that make one exchange at a time, kept for the next one."""

import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from serving_client._deadline import Deadline
from serving_client._forking import renew_in_child
from serving_client.exceptions import ClientClosedError

__all__ = ["ConnectionPool", "Exchange", "PooledConnection"]

R = TypeVar("R")


class PooledConnection(Protocol):
    """A connection to a server.

    Attributes:
        is_open: whether another exchange can be made over it, as far as is known.
        is_fresh: whether it has not been idle for too long.
        is_usable: both, and the server has not hung up since; asked right before an exchange.
    """

    @property
    def is_open(self) -> bool: ...
    @property
    def is_fresh(self) -> bool: ...
    @property
    def is_usable(self) -> bool: ...

    def abort(self) -> None:
        """Ends the exchange under way, of another thread."""

    def close(self) -> None:
        """Frees the socket."""


C = TypeVar("C", bound=PooledConnection)


class Exchange:
    """One request under way, which another thread may end."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: PooledConnection | None = None
        self.is_ended = False

    def end(self) -> None:
        """Ends the request, unless it is answered: it fails with an error of the connection."""
        with self._lock:
            self.is_ended = True
            if self._connection is not None:
                self._connection.abort()

    def use(self, connection: PooledConnection) -> None:
        """Says over which connection the request goes."""
        with self._lock:
            self._connection = connection
            if self.is_ended:
                connection.abort()

    def leave(self) -> None:
        """Says that the connection is another's from now on."""
        with self._lock:
            self._connection = None

    def disown(self) -> None:
        """Frees a forked child's copy of the connection."""
        if self._connection is not None:
            self._connection.close()


class ConnectionPool(Generic[C]):
    """Makes exchanges over connections to one server. Safe to use from many threads.

    There are as many connections as there are exchanges at once. Those that are free are kept for
    a while. A forked child makes its own.

    Args:
        connect: makes a connection, within a deadline.

    Attributes:
        is_closed: whether it was closed.
    """

    def __init__(self, connect: Callable[[Deadline], C]) -> None:
        self._connect = connect
        self._lock = threading.Lock()
        self._idle: deque[C] = deque()  # the one that was used last stands last
        self._running: set[Exchange] = set()
        self.is_closed = False
        renew_in_child(self)

    def run(self, use: Callable[[C], R], deadline: Deadline, exchange: Exchange) -> R:
        """Makes one exchange. A connection over which it fails is closed.

        Args:
            use: makes it over a connection.
            deadline: when to give up connecting.
            exchange: lets another thread give up earlier.

        Raises:
            ClientClosedError: the pool was closed before.
        """
        connection = self._take(exchange)
        try:
            if connection is None:
                connection = self._connect(deadline)
            exchange.use(connection)
            result = use(connection)
        except BaseException:
            self._leave(exchange)
            if connection is not None:
                connection.close()
            raise
        self._leave(exchange, connection)
        return result

    def close(self) -> None:
        """Ends what is in flight and frees all connections. May be called again."""
        with self._lock:
            self.is_closed = True
            idle, self._idle = self._idle, deque()
            running = tuple(self._running)
        for connection in idle:
            connection.close()
        for exchange in running:
            exchange.end()

    def renew(self) -> None:
        """Closes a forked child's copies of the connections, which are its parent's to use."""
        for connection in self._idle:
            connection.close()
        for exchange in self._running:
            exchange.disown()
        self._lock = threading.Lock()
        self._idle, self._running = deque(), set()

    def _take(self, exchange: Exchange) -> C | None:
        """A free connection; None if there is none, and one has to be made."""
        while True:
            with self._lock:
                if self.is_closed:
                    raise ClientClosedError("the client is closed")
                self._running.add(exchange)
                if not self._idle:
                    return None
                connection = self._idle.pop()
            if connection.is_usable:
                return connection
            connection.close()

    def _leave(self, exchange: Exchange, connection: C | None = None) -> None:
        """Notes that an exchange is over, and keeps its connection if that may be used again."""
        exchange.leave()
        is_kept = connection is not None and connection.is_open
        with self._lock:
            self._running.discard(exchange)
            is_kept = is_kept and not (self.is_closed or exchange.is_ended)
            while self._idle and not self._idle[0].is_fresh:
                self._idle.popleft().close()
            if connection is not None and is_kept:
                self._idle.append(connection)
                connection = None
        if connection is not None:
            connection.close()
