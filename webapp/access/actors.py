"""Somebody who asks for something, and what they may do."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from webapp.exceptions import CommandError


class Scope(StrEnum):
    """What a key or a user may do; ``admin`` is all of it, and the status page."""

    READ = "read"
    WRITE = "write"
    DELETE = "delete"
    ADMIN = "admin"


ALL_SCOPES = frozenset(Scope)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks.

    Attributes:
        address: The network address that the request came from.
        name: What the audit log calls them beside it: "key ci", "user ann"; empty for anybody.
        scopes: What they may do.
        is_cookie: Whether a cookie says who they are, which a browser sends by itself.
    """

    address: str
    name: str = ""
    scopes: frozenset[Scope] = ALL_SCOPES
    is_cookie: bool = False

    def may(self, scope: Scope) -> bool:
        """Return whether they may do that."""
        return scope in self.scopes or Scope.ADMIN in self.scopes

    def __str__(self) -> str:
        return f"{self.name or 'anybody'} from {self.address or 'an unknown address'}"


def parse_scopes(names: Iterable[str]) -> frozenset[Scope]:
    """Return the scopes of these names.

    Raises:
        CommandError: There is none of such a name, or no name at all.

    Examples:
        >>> sorted(parse_scopes(["write", "read"]))
        [<Scope.READ: 'read'>, <Scope.WRITE: 'write'>]
    """
    try:
        scopes = frozenset(Scope(name.strip()) for name in names if name.strip())
    except ValueError as error:
        raise CommandError(f"Scopes: {error}; there are {', '.join(Scope)}.") from error
    if not scopes:
        raise CommandError(f"Scopes: none was named; there are {', '.join(Scope)}.")
    return scopes
