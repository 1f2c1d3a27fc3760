"""Who sends the current request, and whether they may."""

from collections.abc import Mapping

from flask import Flask, g, request

from webapp.access.actors import Actor, Scope
from webapp.access.bearer import key_holder
from webapp.access.cookie import browser_secret
from webapp.access.keys import ApiKeys
from webapp.access.users import Users
from webapp.exceptions import LoginNeededError, ScopeError
from webapp.http.http_methods import is_change

_USER = "user "
# Whoever wants to log in, and whoever watches over the process, need not be known.
_OPEN = frozenset({"static", "login.show", "login.log_in", "health.healthz", "health.readyz"})
# What the method alone does not tell.
_SCOPES: Mapping[str, Scope] = {
    "gallery.delete": Scope.DELETE,
    "gallery.confirm": Scope.DELETE,
    "videos.delete": Scope.DELETE,
    "video_pages.confirm": Scope.DELETE,
    "login.log_out": Scope.READ,
    "status.index": Scope.ADMIN,
    "stress.index": Scope.ADMIN,
    "stress.start": Scope.ADMIN,
    "stress.report": Scope.ADMIN,
    "stress.live": Scope.ADMIN,
    "stress.document": Scope.ADMIN,
    "stress.page": Scope.ADMIN,
    "stress.stop": Scope.ADMIN,
    "stress.delete": Scope.ADMIN,
}


class Guard:
    """Finds out who asks, and turns away who may not.

    Args:
        keys: The API keys.
        users: The people who may log in.
        is_open: Whether anybody may do everything, and nobody has to be known.
    """

    def __init__(self, keys: ApiKeys, users: Users, *, is_open: bool) -> None:
        self._keys = keys
        self._users = users
        self._is_open = is_open

    def register(self, app: Flask) -> None:
        """Guard every request, and let templates name who is logged in."""
        app.before_request(self._admit)
        app.add_template_global(logged_in)

    def _admit(self) -> None:
        """Note who asks.

        Raises:
            BadKeyError: A key was shown that is none.
            LoginNeededError: Only those who are known may ask, and nobody knows who this is.
            ScopeError: They may do other things.
        """
        g.actor = Actor(request.remote_addr or "", scopes=frozenset())
        if request.endpoint in _OPEN:
            return
        known = self._key_holder() or self._user()
        if known is None and self._is_open:
            known = Actor(request.remote_addr or "")
        if known is None:
            raise LoginNeededError
        g.actor = known
        if not known.may(needed := _needed()):
            raise ScopeError(f"This takes the scope “{needed}”.")

    def _key_holder(self) -> Actor | None:
        shown = request.headers.get("Authorization", "")
        return key_holder(shown, self._keys, address=request.remote_addr or "")

    def _user(self) -> Actor | None:
        secret = browser_secret()
        user = None if self._is_open or secret is None else self._users.find(secret)
        if user is None:
            return None
        return Actor(request.remote_addr or "", f"{_USER}{user.name}", user.scopes, is_cookie=True)


def actor() -> Actor:
    """Return who sends the current request."""
    known: Actor = g.actor
    return known


def logged_in() -> str:
    """Return the name of whoever is logged in; empty where nobody is."""
    known: Actor | None = g.get("actor")
    return known.name.removeprefix(_USER) if known is not None and known.is_cookie else ""


def _needed() -> Scope:
    by_method = Scope.WRITE if is_change() else Scope.READ
    if request.method == "DELETE":
        by_method = Scope.DELETE
    return _SCOPES.get(request.endpoint or "", by_method)
