"""Calls over gRPC without the gRPC library: the thread that calls writes and reads by itself.

The library hands each call to a thread of its own and back. A thread that waits for its answer
anyway can do without: a call is a request written to a socket, and an answer read from it.
"""

import socket
import ssl
import time
from functools import partial
from typing import TypeVar

import grpc

from http2.frames import ErrorCode, H2Error
from serving_client._calls import Call
from serving_client._config import Limits, Timeouts, Tls
from serving_client._connection_pool import ConnectionPool, Exchange
from serving_client._deadline import Deadline
from serving_client._h2_answer import Answer, UnprocessedError
from serving_client._h2_connection import H2Connection
from serving_client._h2_request import RequestHeaders
from serving_client._h2_wire import PlainWire, TlsWire
from serving_client._message_size import check_request
from serving_client._sockets import connected, connected_to_file, encrypted, tls_context
from serving_client._target import Target
from serving_client._transport import Cancellation, Headers, Reply, TransportError
from serving_client.exceptions import ClientClosedError

__all__ = ["H2Transport", "unreached"]

R = TypeVar("R")

_TIMEOUT_MIN_S = 0.001
_UNACKNOWLEDGED_MS = 20_000  # as gRPC has it
_KEEPALIVE_MAX_S = 32_767  # of Linux
_NO_OTHER_ATTEMPT = -1.0
_Code = grpc.StatusCode


class H2Transport:
    """Sends calls over HTTP/2, each over a connection of its own. Safe to use from many threads.

    There are as many connections as calls at once, and they are kept for later calls. A forked
    child makes its own. A call that ends early ends its connection, which tells the server.

    Args:
        target: where to.
        timeouts: how long to wait for a connection.
        limits: how large messages may be.
        tls: certificates, for an h2s:// target.

    Raises:
        ConfigError: the certificates cannot be used.
    """

    def __init__(self, target: Target, timeouts: Timeouts, limits: Limits, tls: Tls) -> None:
        self._target = target
        self._connect_s = timeouts.connect_s
        self._limits = limits
        self._tls = tls_context(tls, "h2") if target.scheme == "h2s" else None
        self._server_name = tls.server_name or target.server_name
        self._headers = RequestHeaders(self._authority, "http" if self._tls is None else "https")
        self._pool = ConnectionPool(self._connected)

    def send(
        self,
        call: Call[R],
        *,
        timeout_s: float,
        headers: Headers = (),
        cancellation: Cancellation | None = None,
    ) -> Reply[R]:
        """See `Transport.send`."""
        deadline = Deadline(timeout_s)
        start = time.perf_counter()
        request = call.encode()
        encoded = time.perf_counter()
        check_request(len(request), self._limits.message_bytes_max)
        exchange = Exchange()
        if cancellation is not None:
            cancellation.attach(exchange.end)
        answer = self._answer(call.rpc, request, headers, deadline, exchange)
        arrived = time.perf_counter()
        value = call.decode(answer)
        decode_s = time.perf_counter() - arrived
        sizes = (len(request), len(answer))
        return Reply(value, encoded - start, arrived - encoded, decode_s, *sizes)

    def close(self) -> None:
        """See `Transport.close`."""
        self._pool.close()

    @property
    def _authority(self) -> str:
        """Which server, as gRPC names it."""
        if self._server_name and self._tls is not None:
            return self._server_name
        return "localhost" if self._target.is_file else self._target.address

    def _answer(
        self, rpc: str, request: bytes, headers: Headers, deadline: Deadline, exchange: Exchange
    ) -> bytes:
        """The bytes of the answer; a call that a server that leaves did not look at is sent anew.

        Raises:
            TransportError: there is none.
            ClientClosedError: the transport was closed.
        """
        use = partial(self._call, rpc=rpc, request=request, headers=headers, deadline=deadline)
        try:
            try:
                return self._pool.run(use, deadline, exchange).message
            except UnprocessedError:
                return self._pool.run(use, deadline, exchange).message
        except (OSError, H2Error, UnprocessedError, TransportError) as error:
            failure = self._failure(error, deadline, exchange)
            raise failure from (None if failure is error else error)

    def _call(
        self,
        connection: H2Connection,
        rpc: str,
        request: bytes,
        headers: Headers,
        deadline: Deadline,
    ) -> Answer:
        left_s = max(deadline.remaining_s, _TIMEOUT_MIN_S)
        block = self._headers.block(rpc, left_s, headers)
        return connection.call(block, request, deadline, self._limits.message_bytes_max)

    def _failure(
        self, error: Exception, deadline: Deadline, exchange: Exchange
    ) -> TransportError | ClientClosedError:
        """What an error means that ended a call."""
        if exchange.is_ended:
            if self._pool.is_closed:
                return ClientClosedError("the client was closed during the call")
            return TransportError(_Code.CANCELLED, "cancelled by the client")
        if isinstance(error, TransportError):
            is_late = error.code is _Code.UNAVAILABLE and not deadline.remaining_s
            return _late(deadline) if is_late else error
        return unreached(error, deadline)

    def _connected(self, deadline: Deadline) -> H2Connection:
        limit = Deadline(max(min(self._connect_s, deadline.remaining_s), _TIMEOUT_MIN_S))
        if self._target.is_file:
            return H2Connection(PlainWire(connected_to_file(self._target.address, limit)), deadline)
        host, port = self._target.host_and_port
        raw = connected(host, port, limit)
        _watch(raw, self._limits.keepalive_s)
        if self._tls is None:
            return H2Connection(PlainWire(raw), deadline)
        secure = encrypted(raw, self._tls, self._server_name or host, limit)
        if secure.selected_alpn_protocol() != "h2":
            secure.close()
            raise H2Error(ErrorCode.PROTOCOL_ERROR, "the server does not offer HTTP/2 over TLS")
        return H2Connection(TlsWire(secure), deadline)


def _watch(raw: socket.socket, keepalive_s: float) -> None:
    """Has the kernel notice a server that is gone without a word, as far as it can.

    Pings of HTTP/2 would do more, but servers count them.
    """
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    idle_s = min(max(round(keepalive_s), 1), _KEEPALIVE_MAX_S)
    for name, value in (("TCP_KEEPIDLE", idle_s), ("TCP_USER_TIMEOUT", _UNACKNOWLEDGED_MS)):
        option = getattr(socket, name, None)  # not every system has it
        if option is not None:
            raw.setsockopt(socket.IPPROTO_TCP, option, value)


def unreached(error: Exception, deadline: Deadline) -> TransportError:
    """What a connection that failed means.

    Args:
        error: of the socket, or of what was said over it.
        deadline: of the attempt.
    """
    if not deadline.remaining_s:
        return _late(deadline)
    if isinstance(error, ssl.SSLCertVerificationError):
        detail = f"the server's certificate is not trusted: {error.verify_message}"
        return TransportError(_Code.UNAVAILABLE, detail, _NO_OTHER_ATTEMPT)
    if isinstance(error, TimeoutError):
        return TransportError(_Code.UNAVAILABLE, "no connection within the time for connecting")
    if isinstance(error, OSError):
        return TransportError(_Code.UNAVAILABLE, error.strerror or str(error))
    return TransportError(_Code.UNAVAILABLE, str(error))


def _late(deadline: Deadline) -> TransportError:
    return TransportError(_Code.DEADLINE_EXCEEDED, f"no answer in {deadline.seconds:.3g} s")
