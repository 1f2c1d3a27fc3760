"""What channels of gRPC have in common, with threads and with asyncio: options, names, errors."""

from dataclasses import dataclass
from typing import Any, cast

import grpc

from protos.gen.tensorflow_serving.apis import (
    model_service_pb2_grpc,
    prediction_service_pb2_grpc,
)
from serving_client._config import Limits, Timeouts, Tls
from serving_client._message_size import of_large_answer
from serving_client._target import Target
from serving_client._transport import TransportError
from serving_client.exceptions import ConfigError

__all__ = ["ChannelSettings", "Methods", "channel_options", "pushback_s", "transport_error"]

_KEEPALIVE_TIMEOUT_MS = 20_000
_RECONNECT_FIRST_MS = 100
_RECONNECT_MAX_MS = 1000
_PUSHBACK = "grpc-retry-pushback-ms"

# The library's words for a connection that broke under a call, and what it may call it.
_BROKEN = "Stream removed"
_BROKEN_CODES = {grpc.StatusCode.UNKNOWN, grpc.StatusCode.INTERNAL}


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    """How to make channels to one server, whichever kind they are.

    Attributes:
        target: where the server is.
        timeouts: how long to wait for a connection.
        limits: how many channels, and how large messages may be.
        tls: certificates, for a `grpcs://` target.
    """

    target: Target
    timeouts: Timeouts
    limits: Limits
    tls: Tls

    @property
    def address(self) -> str:
        """The address as the gRPC library writes it."""
        return (
            f"unix:{self.target.address}" if self.target.scheme == "unix" else self.target.address
        )

    @property
    def options(self) -> list[tuple[str, int | str]]:
        """The channel arguments."""
        options: list[tuple[str, int | str]] = [*channel_options(self.limits, self.timeouts)]
        server_name = self.tls.server_name or self.target.server_name
        if server_name and self.target.scheme == "grpcs":
            options.append(("grpc.ssl_target_name_override", server_name))
        return options

    def credentials(self) -> grpc.ChannelCredentials | None:
        """The certificates; None if nothing is encrypted.

        Raises:
            ConfigError: they cannot be used.
        """
        if self.target.scheme != "grpcs":
            return None
        files = [self.tls.read(name) for name in ("ca_file", "key_file", "certificate_file")]
        try:
            return grpc.ssl_channel_credentials(*files)
        except ValueError as error:
            raise ConfigError(f"the certificates cannot be used: {error}") from error


def channel_options(limits: Limits, timeouts: Timeouts) -> list[tuple[str, int]]:
    """The channel arguments: nothing that matters is left to the library's defaults.

    Pings find out that a server, or something on the way to it, is gone without a word, while a
    call is in flight. A server with gRPC's defaults counts pings as bad that come within 300 s of
    each other or without a call, and hangs up at the third; so with ours there are none such. They
    are answered within 20 s, or the connection is given up; on Linux, so it is if data is not
    acknowledged for so long. (https://github.com/grpc/grpc/blob/master/doc/keepalive.md;
    https://github.com/grpc/proposal/blob/master/A18-tcp-user-timeout.md)

    A lost connection is made again after 0.1 s, then 0.16 s, and so on up to 1 s, each 20 % more or
    less at random, so that the clients of a server that comes back do not come all at once.
    (https://github.com/grpc/grpc/blob/master/doc/connection-backoff.md)
    """
    return [
        # Channels with equal arguments share a connection, unless each has a pool of its own.
        ("grpc.use_local_subchannel_pool", 1),
        ("grpc.max_send_message_length", limits.message_bytes_max),
        ("grpc.max_receive_message_length", limits.message_bytes_max),
        ("grpc.keepalive_time_ms", round(limits.keepalive_s * 1000)),
        ("grpc.keepalive_timeout_ms", _KEEPALIVE_TIMEOUT_MS),
        ("grpc.keepalive_permit_without_calls", 0),
        # Retries are ours: the library would not tell how many there were.
        ("grpc.enable_retries", 0),
        ("grpc.min_reconnect_backoff_ms", round(timeouts.connect_s * 1000)),
        ("grpc.initial_reconnect_backoff_ms", _RECONNECT_FIRST_MS),
        ("grpc.max_reconnect_backoff_ms", _RECONNECT_MAX_MS),
    ]


def transport_error(error: grpc.RpcError, limits: Limits) -> TransportError:
    """What a failed call of the gRPC library means, if it was not the client that ended it.

    A server that cancels a call, which nobody asked it to, is about to stop; and whatever made a
    connection break in the middle of a call, the server was not reached. Both are UNAVAILABLE,
    which the library does not always say.
    """
    code, detail = error.code(), error.details() or ""
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED:
        too_large = of_large_answer(detail, limits.message_bytes_max)
        if too_large is not None:
            return too_large
    if code is grpc.StatusCode.CANCELLED:
        code, detail = grpc.StatusCode.UNAVAILABLE, f"the server cancelled the call: {detail}"
    elif code in _BROKEN_CODES and detail.startswith(_BROKEN):
        code = grpc.StatusCode.UNAVAILABLE
    trailers: Any = error.trailing_metadata() or ()
    return TransportError(code, detail, pushback_s(dict(trailers).get(_PUSHBACK)))


def pushback_s(text: object) -> float | None:
    """How long the server wants to be left alone (gRPC proposal A6, "Pushback").

    Args:
        text: what it says, in milliseconds; None if it says nothing. What is no number means the
            same as a negative one: no other attempt.
    """
    if text is None:
        return None
    try:
        return int(str(text)) / 1000
    except ValueError:
        return -1.0


class _BytesChannel:
    """Lets the generated stubs name the methods, and leaves the bytes of messages to us.

    A stub would serialise a `PredictRequest`, which copies each tensor twice more; see `_tensor`.
    """

    def __init__(self, channel: Any) -> None:
        self._channel = channel

    def unary_unary(self, path: str, **_: object) -> Any:
        """The method at `path`, bytes in and bytes out."""
        return self._channel.unary_unary(path)


class Methods:
    """The methods that can be called over a channel, of either kind."""

    def __init__(self, channel: Any) -> None:
        raw = cast("grpc.Channel", _BytesChannel(channel))
        self._stubs = (
            prediction_service_pb2_grpc.PredictionServiceStub(raw),
            model_service_pb2_grpc.ModelServiceStub(raw),
        )

    def __getitem__(self, name: str) -> Any:
        """The method of that name, bytes in and bytes out; no two services share one."""
        stub = next(stub for stub in self._stubs if hasattr(stub, name))
        return getattr(stub, name)
