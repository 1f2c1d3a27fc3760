"""Calls over gRPC: a pool of channels, used in turn."""

import itertools
import os
import threading
import time
from collections.abc import Callable
from typing import TypeVar, cast

import grpc

from protos.gen.tensorflow_serving.apis import (
    model_service_pb2_grpc,
    prediction_service_pb2_grpc,
)
from serving_client._calls import Call
from serving_client._config import Limits, Target, Timeouts, Tls
from serving_client._transport import Reply, TransportError
from serving_client.exceptions import ClientClosedError, ConfigError

__all__ = ["GrpcTransport", "channel_options"]

R = TypeVar("R")
Method = Callable[..., bytes]

_RECONNECT_FIRST_MS = 100
_RECONNECT_MAX_MS = 1000


def channel_options(limits: Limits, timeouts: Timeouts) -> list[tuple[str, int]]:
    """The channel arguments: nothing that matters is left to the library's defaults."""
    return [
        # Channels with equal arguments share a connection, unless each has a pool of its own.
        ("grpc.use_local_subchannel_pool", 1),
        ("grpc.max_send_message_length", limits.message_bytes_max),
        ("grpc.max_receive_message_length", limits.message_bytes_max),
        ("grpc.keepalive_time_ms", round(limits.keepalive_s * 1000)),
        ("grpc.keepalive_permit_without_calls", 0),
        # Retries are ours: the library would not tell how many there were.
        ("grpc.enable_retries", 0),
        ("grpc.min_reconnect_backoff_ms", round(timeouts.connect_s * 1000)),
        ("grpc.initial_reconnect_backoff_ms", _RECONNECT_FIRST_MS),
        ("grpc.max_reconnect_backoff_ms", _RECONNECT_MAX_MS),
    ]


class _BytesChannel:
    """Lets the generated stubs name the methods, and leaves the bytes of messages to us.

    A stub would serialise a `PredictRequest`, which copies each tensor twice more; see `_tensor`.
    """

    def __init__(self, channel: grpc.Channel) -> None:
        self._channel = channel

    def unary_unary(self, path: str, **_: object) -> Method:
        """The method at `path`, bytes in and bytes out."""
        return self._channel.unary_unary(path)


class _Connection:
    """A channel and the methods that can be called over it."""

    def __init__(self, channel: grpc.Channel) -> None:
        raw = cast("grpc.Channel", _BytesChannel(channel))
        self._stubs = (
            prediction_service_pb2_grpc.PredictionServiceStub(raw),
            model_service_pb2_grpc.ModelServiceStub(raw),
        )
        self.close = channel.close

    def method(self, name: str) -> Method:
        """The method of that name; no two services share one."""
        stub = next(stub for stub in self._stubs if hasattr(stub, name))
        return cast("Method", getattr(stub, name))


class GrpcTransport:
    """Sends each call over the next of its channels.

    Channels are made at the first call of a process and live as long as the transport. A forked
    child makes its own: those of its parent do not survive the fork.

    Args:
        target: where the server is.
        timeouts: how long to wait for a connection.
        limits: how many channels, and how large messages may be.
        tls: certificates, for a `grpcs://` target.
    """

    def __init__(
        self,
        target: Target,
        timeouts: Timeouts = Timeouts(),  # noqa: B008  frozen
        limits: Limits = Limits(),  # noqa: B008  frozen
        tls: Tls = Tls(),  # noqa: B008  frozen
    ) -> None:
        self._target = target
        self._options = channel_options(limits, timeouts)
        self._count = limits.channels
        self._tls = tls
        self._lock = threading.Lock()
        self._connections: list[_Connection] = []
        self._process: int | None = None
        self._turn = itertools.count()
        self._closed = False

    def send(self, call: Call[R], *, timeout_s: float) -> Reply[R]:
        """See `Transport.send`."""
        start = time.perf_counter()
        request = call.encode()
        encoded = time.perf_counter()
        answer = self._attempt(call.rpc, request, timeout_s)
        arrived = time.perf_counter()
        value = call.decode(answer)
        return Reply(value, encoded - start, arrived - encoded, time.perf_counter() - arrived)

    def close(self) -> None:
        """See `Transport.close`."""
        with self._lock:
            self._closed = True
            connections, self._connections = self._connections, []
        if self._process == os.getpid():
            for connection in connections:
                connection.close()

    def _attempt(self, rpc: str, request: bytes, timeout_s: float) -> bytes:
        method = self._next_connection().method(rpc)
        try:
            return method(request, timeout=timeout_s)
        except grpc.RpcError as error:
            raise TransportError(error.code(), error.details() or "") from error
        except ValueError as error:
            if self._closed:
                raise ClientClosedError("the client was closed during the call") from error
            raise

    def _next_connection(self) -> _Connection:
        with self._lock:
            if self._closed:
                raise ClientClosedError("the client is closed")
            if self._process != os.getpid():
                self._connections = [_Connection(self._channel()) for _ in range(self._count)]
                self._process = os.getpid()
            return self._connections[next(self._turn) % self._count]

    def _channel(self) -> grpc.Channel:
        if self._target.scheme != "grpcs":
            prefix = "unix:" if self._target.scheme == "unix" else ""
            return grpc.insecure_channel(prefix + self._target.address, self._options)
        options: list[tuple[str, int | str]] = [*self._options]
        if self._tls.server_name:
            options.append(("grpc.ssl_target_name_override", self._tls.server_name))
        return grpc.secure_channel(self._target.address, self._credentials(), options)

    def _credentials(self) -> grpc.ChannelCredentials:
        files = [self._tls.read(name) for name in ("ca_file", "key_file", "certificate_file")]
        try:
            return grpc.ssl_channel_credentials(*files)
        except ValueError as error:
            raise ConfigError(f"the certificates cannot be used: {error}") from error
