"""How to treat a server: small values, and all of them together."""

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Self

from serving_client._environment import ENVIRONMENT
from serving_client._headers import HeaderSource, TokenFile
from serving_client._target import Target
from serving_client.exceptions import ConfigError

__all__ = ["ClientConfig", "Hedge", "Limits", "Retry", "Timeouts", "Tls"]

_SECONDS_MAX = 1_000_000.0  # the gRPC library counts milliseconds in 32 bits
_DOUBLINGS_MAX = 60


def _require(condition: bool, message: str) -> None:  # noqa: FBT001  reads as `require(x > 0, ...)`
    if not condition:
        raise ConfigError(message)


def _is_time(seconds: float) -> bool:
    return math.isfinite(seconds) and 0 < seconds <= _SECONDS_MAX


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long to wait.

    Attributes:
        call_s: for one call as a whole, with all its attempts and pauses; seconds.
        connect_s: for one attempt to connect; seconds.
    """

    call_s: float = 30.0
    connect_s: float = 5.0

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            _require(_is_time(value), f"{each.name} is {value}, not a positive number of seconds")


@dataclass(frozen=True, slots=True)
class Retry:
    """When to try again: on UNAVAILABLE only, and only while the call's deadline lasts.

    The pause before attempt n + 1 is drawn evenly from 0 to
    `min(pause_max_s, pause_first_s * 2 ** (n - 1))`, which is "full jitter" of
    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/.

    Attributes:
        attempts_max: at most so many attempts; 1 means never try again. The default tells within
            about 1.5 s that a server is down; to sit out a restart, allow more.
        pause_first_s: upper bound of the first pause, seconds.
        pause_max_s: upper bound of every pause, seconds.
        budget_ratio: further attempts that each call allows the client as a whole, in the long
            run, 0..1: what keeps retries from doubling the load of a server in trouble.
        budget_reserve: further attempts beyond that, in a burst.
    """

    attempts_max: int = 6
    pause_first_s: float = 0.1
    pause_max_s: float = 2.0
    budget_ratio: float = 0.2
    budget_reserve: float = 100.0

    def __post_init__(self) -> None:
        ratio, reserve = self.budget_ratio, self.budget_reserve
        _require(0 <= ratio <= 1, f"budget_ratio is {ratio}, not from 0 to 1")
        _require(0 <= reserve < math.inf, f"budget_reserve is {reserve}, not a number from 0 on")
        _require(self.attempts_max >= 1, f"attempts_max is {self.attempts_max}, not at least 1")
        for name in ("pause_first_s", "pause_max_s"):
            value = getattr(self, name)
            _require(_is_time(value), f"{name} is {value}, not a positive number of seconds")

    def pause_s(self, attempts: int, uniform: Callable[[float, float], float]) -> float:
        """The pause after so many failed attempts.

        >>> Retry(pause_first_s=0.1).pause_s(3, lambda low, high: high)
        0.4
        """
        doublings = min(attempts - 1, _DOUBLINGS_MAX)
        return uniform(0.0, min(self.pause_max_s, self.pause_first_s * 2**doublings))


@dataclass(frozen=True, slots=True)
class Hedge:
    """When to send a call a second time, to another server if there is one; the first answer wins.

    It cuts off the slowest answers at the price of some more load. Reloading a configuration is
    never sent twice.

    Attributes:
        delay_s: how long to wait for the first answer, seconds; about the 95th percentile of the
            latency is a good choice. None is never.
    """

    delay_s: float | None = None

    def __post_init__(self) -> None:
        fits = self.delay_s is None or _is_time(self.delay_s)
        _require(fits, f"delay_s is {self.delay_s}, not a positive number of seconds")


@dataclass(frozen=True, slots=True)
class Limits:
    """How much to use.

    Attributes:
        channels: connections to the server, used in turn; over h2:// and http:// there are as many
            as calls at once.
        message_bytes_max: the largest request or answer, bytes.
        keepalive_s: seconds between pings on a connection with a call in flight. A server with
            default settings hangs up on pings more frequent than one in 300 s.
        gzip_bytes_min: compress the body of a REST request that has so many bytes; None is never.
            JSON of pictures shrinks to a third, which pays where the network is the narrow part.
    """

    channels: int = 2
    message_bytes_max: int = 256 * 1024 * 1024
    keepalive_s: float = 300.0
    gzip_bytes_min: int | None = None

    def __post_init__(self) -> None:
        _require(self.channels >= 1, f"channels is {self.channels}, not at least 1")
        size = self.message_bytes_max
        _require(0 < size < 2**31, f"message_bytes_max is {size}, not from 1 to 2147483647")
        _require(_is_time(self.keepalive_s), f"keepalive_s is {self.keepalive_s}, not a time")
        least = self.gzip_bytes_min
        _require(least is None or least >= 0, f"gzip_bytes_min is {least}, not a size")


@dataclass(frozen=True, slots=True)
class Tls:
    """Certificates of a `grpcs://`, `h2s://` or `https://` target.

    Files, PEM; None means the system's, or none.

    Attributes:
        ca_file: who may sign the server's certificate.
        certificate_file: the client's own certificate, if the server asks for one.
        key_file: the key of that certificate.
        server_name: the name to expect in the server's certificate, if not the target's.
    """

    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None
    server_name: str | None = None

    def __post_init__(self) -> None:
        both = (self.certificate_file is None) == (self.key_file is None)
        _require(both, "certificate_file and key_file go together")

    def read(self, name: str) -> bytes | None:
        """The bytes of the file in the field `name`; None if the field is None.

        Raises:
            ConfigError: the file cannot be read.
        """
        path: Path | None = getattr(self, name)
        try:
            return None if path is None else path.read_bytes()
        except OSError as error:
            raise ConfigError(f"{name} {str(path)!r} cannot be read: {error.strerror}") from error


@dataclass(frozen=True, slots=True)
class ClientConfig:
    """Everything that a client can be told."""

    target: Target = field(default_factory=lambda: Target("127.0.0.1:8500"))
    timeouts: Timeouts = Timeouts()
    retry: Retry = Retry()
    limits: Limits = Limits()
    tls: Tls = field(default_factory=Tls)
    hedge: Hedge = Hedge()
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    token_file: Path | None = None

    @property
    def header_source(self) -> HeaderSource:
        """What to tell the server with every call: the headers, and the token if there is one."""
        if self.token_file is None:
            return self.headers
        token = TokenFile(self.token_file)
        return lambda: {**self.headers, **token()}

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Reads the variables of `ENVIRONMENT`; an empty one counts as absent.

        Raises:
            ConfigError: a variable holds something else than it should, by its name.
        """
        config = cls()
        tls: dict[str, object] = {}
        for name, variable in ENVIRONMENT.items():
            text = environ.get(name, "").strip()
            if text and variable.group == "tls":
                tls[variable.field] = variable.read(name, text)
            elif text:
                config = variable.put(config, name, text)
        try:
            return replace(config, tls=Tls(**tls))  # type: ignore[arg-type]  # by the table below
        except ConfigError as error:  # two of them go together
            raise ConfigError(f"SIGHTLINE_SERVING_TLS_*: {error}") from error
