"""The environment variables that set up a client."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from serving_client._target import Target
from serving_client.exceptions import ConfigError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

__all__ = ["ENVIRONMENT", "Variable"]

C = TypeVar("C", bound="DataclassInstance")


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment variable: which field it sets, how it is read, and what it is for.

    The group is a field of `ClientConfig` that holds a value with fields; empty for a field of
    `ClientConfig` itself.
    """

    group: str
    field: str
    convert: Callable[[str], object]
    kind: str
    default: str
    doc: str

    def put(self, config: C, name: str, text: str) -> C:
        """The configuration with this variable's field set, checked as a whole."""
        value = self.read(name, text)
        if self.group == "":
            return replace(config, **{self.field: value})
        try:
            return replace(
                config, **{self.group: replace(getattr(config, self.group), **{self.field: value})}
            )
        except ConfigError as error:
            raise ConfigError(f"{name}: {error}") from error

    def read(self, name: str, text: str) -> object:
        try:
            return self.convert(text)
        except ValueError as error:
            raise ConfigError(f"{name} is {text!r}, not {self.kind}") from error
        except ConfigError as error:
            raise ConfigError(f"{name}: {error}") from error


ENVIRONMENT: Mapping[str, Variable] = {
    "SIGHTLINE_SERVING_TARGET": Variable(
        "", "target", Target.parse, "a target", "127.0.0.1:8500",
        "Model server: HOST:PORT, or an address with grpc://, grpcs://, unix://, h2://, h2s://, "
        "h2+unix://, http://, https://, zmq:// or dns+grpc://; several with commas between them",
    ),
    "SIGHTLINE_SERVING_TIMEOUT_S": Variable(
        "timeouts", "call_s", float, "a number of seconds", "30",
        "Deadline of one call, retries included",
    ),
    "SIGHTLINE_SERVING_CONNECT_TIMEOUT_S": Variable(
        "timeouts", "connect_s", float, "a number of seconds", "5",
        "Time for one attempt to connect",
    ),
    "SIGHTLINE_SERVING_ATTEMPTS": Variable(
        "retry", "attempts_max", int, "a whole number", "6",
        "Attempts per call while the server is unavailable; 1 means no retry",
    ),
    "SIGHTLINE_SERVING_PAUSE_FIRST_S": Variable(
        "retry", "pause_first_s", float, "a number of seconds", "0.1",
        "Longest pause before the second attempt; it doubles from there",
    ),
    "SIGHTLINE_SERVING_PAUSE_MAX_S": Variable(
        "retry", "pause_max_s", float, "a number of seconds", "2",
        "Longest pause between attempts",
    ),
    "SIGHTLINE_SERVING_HEDGE_S": Variable(
        "hedge", "delay_s", float, "a number of seconds", "never",
        "How long to wait for an answer before asking a second server, too",
    ),
    "SIGHTLINE_SERVING_CHANNELS": Variable(
        "limits", "channels", int, "a whole number", "2",
        "Connections to the model server",
    ),
    "SIGHTLINE_SERVING_MESSAGE_BYTES_MAX": Variable(
        "limits", "message_bytes_max", int, "a whole number of bytes", "268435456",
        "Largest request or answer, in bytes",
    ),
    "SIGHTLINE_SERVING_KEEPALIVE_S": Variable(
        "limits", "keepalive_s", float, "a number of seconds", "300",
        "Seconds between pings while a call is in flight; servers refuse shorter ones by default",
    ),
    "SIGHTLINE_SERVING_GZIP_BYTES_MIN": Variable(
        "limits", "gzip_bytes_min", int, "a whole number of bytes", "never",
        "Compress the body of a REST request that has so many bytes",
    ),
    "SIGHTLINE_SERVING_TOKEN_FILE": Variable(
        "", "token_file", Path, "a path", "none",
        "File with the token to show the model server; read again when it changes",
    ),
    "SIGHTLINE_SERVING_TLS_CA_FILE": Variable(
        "tls", "ca_file", Path, "a path", "the system's",
        "Who may sign the certificate of a grpcs://, h2s:// or https:// server (PEM)",
    ),
    "SIGHTLINE_SERVING_TLS_CERTIFICATE_FILE": Variable(
        "tls", "certificate_file", Path, "a path", "none",
        "The client's own certificate (PEM)",
    ),
    "SIGHTLINE_SERVING_TLS_KEY_FILE": Variable(
        "tls", "key_file", Path, "a path", "none",
        "The key of the client's certificate (PEM)",
    ),
    "SIGHTLINE_SERVING_TLS_SERVER_NAME": Variable(
        "tls", "server_name", str, "a name", "the target's",
        "Name to expect in the server's certificate",
    ),
}  # fmt: skip
"""The variables that `ClientConfig.from_env` reads."""
