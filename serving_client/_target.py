"""Where a model server is, or several of them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Self
from urllib.parse import urlsplit

from serving_client.exceptions import ConfigError

__all__ = ["Target"]

_PORT_MAX = 65535
_PORT_DIGITS_MAX = 5
_LOOKED_UP = "dns+"
_LOOKED_UP_SCHEMES = ("grpc", "grpcs", "h2", "h2s")
_FILES = ("unix", "h2+unix")
_SCHEMES = (
    *("grpc", "grpcs", "unix", "h2", "h2s", "h2+unix", "http", "https", "zmq"),
    *(_LOOKED_UP + scheme for scheme in _LOOKED_UP_SCHEMES),
)
_PORTS = {"http": 80, "https": 443}  # what a REST address means without one
_PORT = re.compile(r":[^:\]]*$")  # an IPv6 address in brackets has colons of its own
_PATH = re.compile(r"[!-~]+")  # what a line of HTTP may hold


@dataclass(frozen=True, slots=True)
class Target:
    """Where a model server is, or several that serve the same.

    Attributes:
        address: `host:port`, or several with commas between them, or the path of a socket.
        scheme: "grpc" (plain text), "grpcs" (TLS) or "unix"; the same without the gRPC library,
            "h2", "h2s" or "h2+unix"; "http" or "https" (the REST API); or "zmq" (ZeroMQ, of our own
            server). With "dns+" in front of grpc, grpcs, h2 or h2s, all addresses of the host's
            name are used, and looked up again from time to time.
        server_name: the name to expect in the server's certificate, where the address is not it.
        path: of an http or https target, what a proxy wants in front of the API's own paths, such
            as "/models"; empty if nothing.

    Raises:
        ConfigError: one of them is not like that.
    """

    address: str
    scheme: str = "grpc"
    server_name: str | None = field(default=None, repr=False)
    path: str = ""

    def __post_init__(self) -> None:
        known = ", ".join(_SCHEMES)
        _require(self.scheme in _SCHEMES, f"scheme {self.scheme!r} is not one of {known}")
        if self.is_file:
            _require(bool(self.address), f"a {self.scheme} target needs the path of a socket")
            return
        self._check_path()
        parts = self.address.split(",")
        one_name = len(parts) == 1 or not self.is_looked_up
        _require(one_name, "a dns+ target is one name; its addresses are found by it")
        for part in parts:
            self._check_host_and_port(part.strip())

    def _check_path(self) -> None:
        if not self.path:
            return
        _require(
            self.scheme in _PORTS,
            f"target {str(self)!r} has a path; only those of http://, https:// and socket files do",
        )
        is_plain = self.path.startswith("/") and not self.path.endswith("/")
        _require(
            is_plain and _PATH.fullmatch(self.path) is not None,
            f"path {self.path!r} is not like /models: no slash at its end, no ?, # or spaces",
        )

    def _check_host_and_port(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        is_number = port.isascii() and port.isdigit() and len(port) <= _PORT_DIGITS_MAX
        is_port = is_number and 0 < int(port) <= _PORT_MAX
        _require(
            bool(host) and is_port and not set(host) & set("/ @?#"),
            f"target {address!r} is not HOST:PORT, such as 127.0.0.1:8500",
        )

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads `HOST:PORT`, `unix:///PATH`, or `SCHEME://HOST:PORT[,HOST:PORT...]`.

        Addresses of the REST API are those of the web: without a port it is 80 or 443, and a path
        goes in front of the API's own.

        Raises:
            ConfigError: the text is none of these.

        >>> Target.parse("127.0.0.1:8500")
        Target(address='127.0.0.1:8500', scheme='grpc', path='')
        >>> str(Target.parse("unix:///run/serving.sock"))
        'unix:///run/serving.sock'
        >>> str(Target.parse("https://example.org/vision/"))
        'https://example.org:443/vision'
        """
        if "://" not in text:
            return cls(text.strip())
        try:
            parts = urlsplit(text.strip())
        except ValueError as error:
            raise ConfigError(f"target {text!r} is no address: {error}") from error
        if parts.scheme in _FILES:
            return cls(parts.path, parts.scheme)
        _require(not parts.query and not parts.fragment, f"target {text!r} has more than a path")
        addresses = _with_ports(parts.netloc, parts.scheme)
        return cls(addresses, parts.scheme, path=parts.path.rstrip("/"))

    @property
    def endpoints(self) -> tuple["Target", ...]:
        """The servers, each as a target of its own.

        >>> [str(each) for each in Target.parse("grpc://a:1,b:2").endpoints]
        ['grpc://a:1', 'grpc://b:2']
        """
        if self.is_file:
            return (self,)
        scheme = self.scheme.removeprefix(_LOOKED_UP)
        addresses = dict.fromkeys(part.strip() for part in self.address.split(","))
        return tuple(replace(self, address=each, scheme=scheme) for each in addresses)

    @property
    def is_file(self) -> bool:
        """Whether the address is the path of a socket."""
        return self.scheme in _FILES

    @property
    def is_looked_up(self) -> bool:
        """Whether the address is a name that stands for several."""
        return self.scheme.startswith(_LOOKED_UP)

    @property
    def host_and_port(self) -> tuple[str, int]:
        """The host, without the brackets of an IPv6 address, and the port."""
        host, _, port = self.address.rpartition(":")
        return host.strip("[]"), int(port)

    def at_addresses(self, addresses: Iterable[str]) -> tuple["Target", ...]:
        """Targets for the IP addresses that the name was found to stand for.

        >>> target = Target.parse("dns+grpcs://models:8500").at_addresses(["10.0.0.7", "fd00::7"])
        >>> [(str(each), each.server_name) for each in target]
        [('grpcs://10.0.0.7:8500', 'models'), ('grpcs://[fd00::7]:8500', 'models')]
        """
        host, port = self.host_and_port
        scheme = self.scheme.removeprefix(_LOOKED_UP)
        return tuple(
            Target(f"[{each}]:{port}" if ":" in each else f"{each}:{port}", scheme, host)
            for each in addresses
        )

    def __str__(self) -> str:
        return f"{self.scheme}://{self.address}{self.path}"


def _with_ports(addresses: str, scheme: str) -> str:
    """Adds the usual port where an address of the web has none."""
    if scheme not in _PORTS:
        return addresses
    return ",".join(
        each if _PORT.search(each) else f"{each}:{_PORTS[scheme]}"
        for each in map(str.strip, addresses.split(","))
    )


def _require(condition: bool, message: str) -> None:  # noqa: FBT001  reads as `require(x > 0, ...)`
    if not condition:
        raise ConfigError(message)
