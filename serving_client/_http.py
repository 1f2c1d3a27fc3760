"""HTTP/1.1 to one server: requests within a deadline, over connections that are kept."""

import socket
import ssl
import threading
from collections import deque

from serving_client._config import Tls
from serving_client._deadline import Deadline
from serving_client._forking import renew_in_child
from serving_client._http_connection import Connection, HttpAnswer, HttpRequest, TimedSocket
from serving_client._looking_up import addresses
from serving_client._target import Target
from serving_client.exceptions import ClientClosedError, ConfigError

__all__ = ["Exchange", "HttpServer"]

_TIMEOUT_MIN_S = 0.001  # 0 would mean "do not wait at all" to a socket


class Exchange:
    """One request under way, which another thread may end."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self.is_ended = False

    def end(self) -> None:
        """Ends the request, unless it is answered: it fails with an error of the connection."""
        with self._lock:
            self.is_ended = True
            if self._connection is not None:
                self._connection.abort()

    def use(self, connection: Connection) -> None:
        """Says over which connection the request goes."""
        with self._lock:
            self._connection = connection
            if self.is_ended:
                connection.abort()

    def leave(self) -> None:
        """Says that the connection is another's from now on."""
        with self._lock:
            self._connection = None


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
        is_closed: whether it was closed.

    Raises:
        ConfigError: the certificates cannot be used.
    """

    def __init__(self, target: Target, connect_s: float, tls: Tls, bytes_max: int) -> None:
        self._host, self._port = target.host_and_port
        self.path = target.path
        self._connect_s = connect_s
        self._tls = _tls_context(tls) if target.scheme == "https" else None
        self._server_name = tls.server_name or target.server_name or self._host
        self._bytes_max = bytes_max
        self._lock = threading.Lock()
        self._idle: deque[Connection] = deque()  # the one that was used last stands last
        self._running: set[Exchange] = set()
        self.is_closed = False
        renew_in_child(self)

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
        connection = self._take(exchange)
        try:
            if connection is None:
                connection = self._connected(deadline)
            exchange.use(connection)
            answer = connection.exchange(request, deadline, self._bytes_max)
        except BaseException:
            self._leave(exchange)
            if connection is not None:
                connection.close()
            raise
        self._leave(exchange, connection)
        return answer

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
        self._lock = threading.Lock()
        self._idle, self._running = deque(), set()

    def _take(self, exchange: Exchange) -> Connection | None:
        """A free connection; None if there is none, and one has to be made."""
        with self._lock:
            if self.is_closed:
                raise ClientClosedError("the client is closed")
            self._running.add(exchange)
            while self._idle:
                connection = self._idle.pop()
                if connection.is_usable:
                    return connection
                connection.close()
        return None

    def _leave(self, exchange: Exchange, connection: Connection | None = None) -> None:
        """Notes that an exchange is over, and keeps its connection if that may be used again."""
        exchange.leave()
        with self._lock:
            self._running.discard(exchange)
            is_kept = not (self.is_closed or exchange.is_ended)
            while self._idle and not self._idle[0].is_fresh:
                self._idle.popleft().close()
            if connection is not None and is_kept:
                self._idle.append(connection)
                connection = None
        if connection is not None:
            connection.close()

    def _connected(self, deadline: Deadline) -> Connection:
        limit = Deadline(max(min(self._connect_s, deadline.remaining_s), _TIMEOUT_MIN_S))
        raw = _opened(self._host, self._port, limit)
        if self._tls is not None:
            raw.settimeout(max(limit.remaining_s, _TIMEOUT_MIN_S))
            try:
                raw = self._tls.wrap_socket(raw, server_hostname=self._server_name)
            except BaseException:
                raw.close()
                raise
        return Connection(self._host, self._port, TimedSocket(raw, deadline))


def _opened(host: str, port: int, limit: Deadline) -> socket.socket:
    """A socket that is connected to the first address of a host that can be reached."""
    failure: OSError = ConnectionError(f"no address is known for {host!r}")
    for address in addresses(host, port, limit.remaining_s):
        timeout_s = max(limit.remaining_s, _TIMEOUT_MIN_S)
        try:
            opened = socket.create_connection((address, port), timeout_s)
        except OSError as error:
            failure = error
        else:
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return opened
    raise failure


def _tls_context(tls: Tls) -> ssl.SSLContext:
    authorities = tls.read("ca_file")
    try:
        context = ssl.create_default_context(cadata=authorities and authorities.decode())
        if tls.certificate_file is not None:
            context.load_cert_chain(tls.certificate_file, tls.key_file)
    except (OSError, ValueError) as error:
        raise ConfigError(f"the certificates cannot be used: {error}") from error
    context.set_alpn_protocols(["http/1.1"])
    return context
