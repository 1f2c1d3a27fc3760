"""Turning away clients that ask more often than they may."""

import ipaddress
import logging
from dataclasses import dataclass

from flask import Flask, request

from webapp.exceptions import TooOftenError
from webapp.http.http_methods import is_change
from webapp.limits.rate import RateLimiter

_log = logging.getLogger(__name__)
# Whoever watches over the process is not turned away, and style sheets cost nothing.
_FREE = frozenset({"static", "health.healthz", "health.readyz", "metrics.show"})
# Dozens a second, which are no changes: nothing is kept of them.
_FRAMES = "live.look"
FORWARDED = ("X-Forwarded-For", "Forwarded", "X-Real-Ip")
# One household or machine has a whole /64 of IPv6 addresses to ask from.
_IPV6_PREFIX = 64


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """How often one client may ask.

    Attributes:
        requests_per_minute: Anything; 0 is without limit.
        changes_per_minute: Of these, uploads and other changes; 0 is without limit.
        frames_per_minute: Frames of live pictures, which count as neither; 0 is without limit.
        trusted_hops: How many proxies in front say who asks.
    """

    requests_per_minute: int
    changes_per_minute: int
    frames_per_minute: int
    trusted_hops: int


class RequestLimiter:
    """Counts the requests of each client.

    Args:
        limits: How many there may be.
    """

    def __init__(self, limits: RequestLimits) -> None:
        self._all = RateLimiter(limits.requests_per_minute)
        self._changes = RateLimiter(limits.changes_per_minute)
        self._frames = RateLimiter(limits.frames_per_minute)
        self._trusted_hops = limits.trusted_hops
        self._is_proxy_reported = False

    def register(self, app: Flask) -> None:
        """Count every request."""
        app.before_request(self._count)

    def _count(self) -> None:
        """Count the request.

        Raises:
            TooOftenError: The client has to wait.
        """
        if request.endpoint in _FREE or self._is_from_here():
            return
        client = client_of(request.remote_addr or "")
        wait_s = self._wait_s(client)
        if wait_s:
            raise TooOftenError(wait_s)

    def _wait_s(self, client: str) -> float:
        if request.endpoint == _FRAMES:
            return self._frames.wait_s(client)
        return self._all.wait_s(client) or (self._changes.wait_s(client) if is_change() else 0.0)

    def _is_from_here(self) -> bool:
        """Whether a program on this machine asks for itself, and not for others as a proxy does."""
        if not is_loopback(request.remote_addr or ""):
            return False
        is_for_others = any(name in request.headers for name in FORWARDED)
        if is_for_others and not self._trusted_hops and not self._is_proxy_reported:
            self._is_proxy_reported = True
            _log.warning(
                "a proxy passes requests on, and all of them count as one client's: "
                "set SIGHTLINE_TRUSTED_HOPS to the number of proxies"
            )
        return not is_for_others


def client_of(address: str) -> str:
    """Return what tells a client from others: its address, of IPv6 the first 64 bits.

    Examples:
        >>> client_of("192.0.2.7"), client_of("2001:db8::1:2:3:4"), client_of("")
        ('192.0.2.7', '2001:db8::/64', '')
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:  # noqa: PLR2004  the other one is 6
        return address
    return str(ipaddress.ip_network((parsed, _IPV6_PREFIX), strict=False))


def is_loopback(address: str) -> bool:
    """Tell whether an address is this machine's own."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
