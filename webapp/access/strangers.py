"""What an operator should hear at the start about who gets in."""

import logging

from webapp.limits.requests import is_loopback
from webapp.services import Services

_log = logging.getLogger("webapp")


def warn_of_strangers(parts: Services, host: str) -> None:
    """Say where the door stands open, and where nobody has a key to it.

    Args:
        parts: Of the application.
        host: Where it listens.
    """
    access = parts.settings.access
    if access == "open" and not is_this_machine(host):
        _log.warning(
            "%s can be reached from other machines, and anybody there may see and delete every "
            "picture: set SIGHTLINE_ACCESS=required, then `python -m webapp users add NAME`",
            host,
        )
    if access == "required" and not (parts.keys.all() or parts.users.all()):
        _log.warning(
            "nobody can get in yet: `python -m webapp users add NAME` adds somebody, "
            "`python -m webapp keys create NAME` makes an API key"
        )


def is_this_machine(host: str) -> bool:
    """Tell whether only this machine reaches what listens there."""
    return host == "localhost" or is_loopback(host)
