"""HTTP/1.1 to one server: requests within a deadline, over connections that are kept."""

from functools import partial

from serving_client._config import Tls
from serving_client._connection_pool import ConnectionPool, Exchange
from serving_client._deadline import Deadline
from serving_client._http_connection import Connection, HttpAnswer, HttpRequest, TimedSocket
from serving_client._sockets import connected, encrypted, tls_context
from serving_client._target import Target

__all__ = ["HttpServer"]

_TIMEOUT_MIN_S = 0.001


class HttpServer:
    """Exchanges requests for answers with one server. Safe to use from many threads.

    There are as many connections as there are exchanges at once. Those that are free are kept for
    a while. A forked child makes its own.

    Args:
        target: where the server is.
        connect_s: how long one attempt to connect may take, seconds.
        tls: certificates, for an https:// target.
        bytes_max: the largest body of an answer.

    Attributes:
        path: what goes in front of the paths of all requests.

    Raises:
        ConfigError: the certificates cannot be used.
    """

    def __init__(self, target: Target, connect_s: float, tls: Tls, bytes_max: int) -> None:
        self._host, self._port = target.host_and_port
        self.path = target.path
        self._connect_s = connect_s
        self._tls = tls_context(tls, "http/1.1") if target.scheme == "https" else None
        self._server_name = tls.server_name or target.server_name or self._host
        self._bytes_max = bytes_max
        self._pool = ConnectionPool(self._connected)

    @property
    def is_closed(self) -> bool:
        """Whether it was closed."""
        return self._pool.is_closed

    def ask(self, request: HttpRequest, deadline: Deadline, exchange: Exchange) -> HttpAnswer:
        """Makes one exchange.

        Args:
            request: what to ask.
            deadline: when to give up; looking up the server's name and connecting count.
            exchange: lets another thread give up earlier.

        Raises:
            OSError: the server cannot be reached, or hung up; `TimeoutError` if it took too long.
            HTTPException: the server speaks no HTTP, or hung up in the midst of it.
            AnswerTooLargeError: the answer is larger than allowed.
            ClientClosedError: this was closed before.
        """
        use = partial(_exchanged, request=request, deadline=deadline, bytes_max=self._bytes_max)
        return self._pool.run(use, deadline, exchange)

    def close(self) -> None:
        """Ends what is in flight and frees all connections. May be called again."""
        self._pool.close()

    def _connected(self, deadline: Deadline) -> Connection:
        limit = Deadline(max(min(self._connect_s, deadline.remaining_s), _TIMEOUT_MIN_S))
        raw = connected(self._host, self._port, limit)
        if self._tls is not None:
            raw = encrypted(raw, self._tls, self._server_name, limit)
        return Connection(self._host, self._port, TimedSocket(raw, deadline))


def _exchanged(
    connection: Connection, request: HttpRequest, deadline: Deadline, bytes_max: int
) -> HttpAnswer:
    return connection.exchange(request, deadline, bytes_max)
