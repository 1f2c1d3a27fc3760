"""Who calls, how often, and whether they may: the rules of the HTTP API for gRPC."""

from collections.abc import Mapping
from urllib.parse import unquote

from webapp.access.actors import Actor, Scope
from webapp.access.bearer import key_holder
from webapp.access.keys import ApiKeys
from webapp.exceptions import LoginNeededError, ScopeError, TooOftenError
from webapp.limits.rate import RateLimiter
from webapp.limits.requests import FORWARDED, client_of, is_loopback
from webapp.settings import Settings


class Door:
    """Lets calls in.

    Args:
        keys: The API keys.
        settings: Whether everybody gets in, how often, and how many proxies stand in front.
    """

    def __init__(self, keys: ApiKeys, settings: Settings) -> None:
        self._keys = keys
        self._is_open = settings.access == "open"
        self._trusted_hops = settings.trusted_hops
        self._all = RateLimiter(settings.requests_per_minute)
        self._changes = RateLimiter(settings.changes_per_minute)

    def admit(self, peer: str, headers: Mapping[str, str], scope: Scope) -> Actor:
        """Return who calls.

        Args:
            peer: Where the connection comes from, as gRPC writes it.
            headers: The metadata that came with the call.
            scope: What the call takes.

        Raises:
            TooOftenError: They have to wait.
            BadKeyError: A key was shown that is none.
            LoginNeededError: Only those who are known may call, and this one is not.
            ScopeError: They may do other things.
        """
        address = self._address(peer, headers)
        self._count(self._all, address)
        if scope is Scope.WRITE:
            self.count_change(address)
        known = key_holder(headers.get("authorization", ""), self._keys, address=address)
        if known is None and not self._is_open:
            raise LoginNeededError
        actor = known or Actor(address)
        if not actor.may(scope):
            raise ScopeError(f"This takes the scope “{scope}”.")
        return actor

    def count_change(self, address: str) -> None:
        """Count a picture that is to be looked at.

        Raises:
            TooOftenError: Whoever sent it has to wait.
        """
        self._count(self._changes, address)

    def _count(self, limiter: RateLimiter, address: str) -> None:
        if is_loopback(address):
            return
        if wait_s := limiter.wait_s(client_of(address)):
            raise TooOftenError(wait_s)

    def _address(self, peer: str, headers: Mapping[str, str]) -> str:
        """Return where a call comes from; behind a proxy that is not known, only that."""
        direct = address_of(peer)
        hops = [each.strip() for each in headers.get("x-forwarded-for", "").split(",")]
        if self._trusted_hops:
            return hops[-self._trusted_hops] if len(hops) >= self._trusted_hops else direct
        is_for_others = any(name.lower() in headers for name in FORWARDED)
        return f"a proxy at {direct}" if is_for_others and is_loopback(direct) else direct


def address_of(peer: str) -> str:
    """Return the address in what gRPC calls a peer; whoever comes by a socket file is from here.

    Examples:
        >>> address_of("ipv4:192.0.2.7:50000"), address_of("ipv6:%5B::1%5D:50000")
        ('192.0.2.7', '::1')
        >>> address_of("unix:")
        '127.0.0.1'
    """
    family, _, rest = unquote(peer).partition(":")
    if family == "unix":
        return "127.0.0.1"
    return rest.rpartition(":")[0].strip("[]")
