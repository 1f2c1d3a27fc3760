"""From the scheme of a target to what carries calls there."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TypeVar

from serving_client._aio_grpc_transport import AsyncGrpcTransport
from serving_client._calls import Call
from serving_client._config import Limits, Timeouts, Tls
from serving_client._deadline import Deadline
from serving_client._grpc_channels import ChannelSettings
from serving_client._grpc_transport import GrpcTransport
from serving_client._target import Target
from serving_client._transport import AsyncTransport, Cancellation, Headers, Reply, Transport
from serving_client.exceptions import ClientClosedError, ConfigError

__all__ = ["Connector"]

R = TypeVar("R")

_GRPC = ("grpc", "grpcs", "unix")
_REST = ("http", "https")
_OVER_H2 = {"h2": "grpc", "h2s": "grpcs", "h2+unix": "unix"}
_THREADS_MAX = 64
_TIMEOUT_MIN_S = 0.001


@dataclass(frozen=True, slots=True)
class Connector:
    """Makes transports, all with the same settings.

    Attributes:
        timeouts: how long to wait for a connection.
        limits: connections and message sizes.
        tls: certificates.
    """

    timeouts: Timeouts
    limits: Limits
    tls: Tls

    def __call__(self, target: Target) -> Transport:
        """The transport to one server.

        Raises:
            ConfigError: the certificates cannot be used, or a package that the scheme needs is not
                installed.
        """
        if target.scheme in _GRPC:
            return GrpcTransport(self._channels(target))
        if target.scheme in _OVER_H2:
            from serving_client._h2_transport import H2Transport  # noqa: PLC0415  as below

            return H2Transport(target, self.timeouts, self.limits, self.tls)
        if target.scheme in _REST:
            # Only those who speak HTTP load what it takes.
            from serving_client._rest_transport import RestTransport  # noqa: PLC0415

            return RestTransport(target, self.timeouts, self.limits, self.tls)
        if target.scheme == "zmq":
            return _zmq_transport(target, self.timeouts, self.limits)
        raise ConfigError(f"there is no transport for {target.scheme}://")

    def for_event_loop(self, target: Target) -> AsyncTransport:
        """The same for asyncio: gRPC's own, or another one in threads.

        What h2:// saves is the way from one thread to another, of which there is none here. So the
        library carries the calls, to the same servers.

        Raises:
            ConfigError: as above.
        """
        if target.scheme in _OVER_H2:
            target = replace(target, scheme=_OVER_H2[target.scheme])
        if target.scheme in _GRPC:
            return AsyncGrpcTransport(self._channels(target))
        return _InThreads(self(target))

    def _channels(self, target: Target) -> ChannelSettings:
        return ChannelSettings(target, self.timeouts, self.limits, self.tls)


def _zmq_transport(target: Target, timeouts: Timeouts, limits: Limits) -> Transport:
    try:
        from serving_client._zmq_transport import ZmqTransport  # noqa: PLC0415  an extra
    except ImportError as error:
        raise ConfigError(
            "zmq:// targets need the package pyzmq: pip install 'sightline[zmq]'"
        ) from error
    return ZmqTransport(target, timeouts, limits)


class _InThreads:
    """Lets a transport that blocks do so elsewhere, in threads that nobody else waits for."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._threads = ThreadPoolExecutor(_THREADS_MAX, "transport")
        self._closed = False

    async def send(self, call: Call[R], *, timeout_s: float, headers: Headers = ()) -> Reply[R]:
        """See `AsyncTransport.send`."""
        if self._closed:
            raise ClientClosedError("the client is closed")
        cancellation = Cancellation()
        deadline = Deadline(timeout_s)

        def send() -> Reply[R]:
            left_s = max(deadline.remaining_s, _TIMEOUT_MIN_S)  # it may have waited for a thread
            return self._transport.send(
                call, timeout_s=left_s, headers=headers, cancellation=cancellation
            )

        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, send)
        except asyncio.CancelledError:
            cancellation.cancel()
            raise

    async def close(self) -> None:
        """See `AsyncTransport.close`."""
        self._closed = True
        await asyncio.to_thread(self._transport.close)
        self._threads.shutdown(wait=False)
