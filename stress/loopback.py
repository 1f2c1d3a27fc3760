"""Whether a target is on this machine: others are loaded only by those who say so."""

import ipaddress
from urllib.parse import urlsplit

from serving_client import Target
from stress.exceptions import ForeignError

__all__ = ["check_target", "check_url", "is_this_machine"]

_NAMES = frozenset({"localhost", "ip6-localhost"})


def is_this_machine(host: str) -> bool:
    """Tell whether a host is this machine, by its name or address alone: no name is looked up.

    Examples:
        >>> [is_this_machine(host) for host in ("127.0.0.1", "[::1]", "localhost")]
        [True, True, True]
        >>> [is_this_machine(host) for host in ("192.0.2.7", "localhost.example", "0.0.0.0", "")]
        [False, False, False, False]
    """
    bare = host.strip().removeprefix("[").removesuffix("]")
    if bare.lower() in _NAMES:
        return True
    try:
        return ipaddress.ip_address(bare).is_loopback
    except ValueError:
        return False


def check_target(target: Target) -> None:
    """Let a model server on this machine pass; of several, all have to be.

    Raises:
        ForeignError: One is elsewhere.
    """
    if target.scheme.endswith("unix"):
        return
    for address in target.address.split(","):
        _check(address.rpartition(":")[0], str(target))


def check_url(url: str) -> None:
    """Let a site on this machine pass.

    Raises:
        ForeignError: It is elsewhere.
    """
    _check(urlsplit(url).hostname or "", url)


def _check(host: str, target: str) -> None:
    if not is_this_machine(host):
        raise ForeignError(f"{target} is not on this machine, and a stress run could harm others.")
