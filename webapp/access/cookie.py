"""One secret for each browser, in a cookie: it ties forms to the browser, and logins, too."""

import re

from flask import Flask, Response, g, request

from webapp.access.tokens import new_secret

_NAME = "sightline"
# Browsers take a cookie of this prefix only over HTTPS, for this host alone, from this host alone.
_NAME_HTTPS = "__Host-sightline"
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")


def register_cookie(app: Flask) -> None:
    """Send the cookie with the answers that need it."""
    app.after_request(_send)


def browser_secret() -> str | None:
    """Return the secret that the browser showed, or that it is about to get; None without one."""
    if "browser_secret" not in g:
        shown = request.cookies.get(_cookie_name(), "")
        g.browser_secret = shown if _SECRET.fullmatch(shown) else None
    secret: str | None = g.browser_secret
    return secret


def ensure_browser_secret() -> str:
    """Return the browser's secret; it gets one with the answer if it has none."""
    return browser_secret() or renew_browser_secret()


def renew_browser_secret(*, lasts_s: float | None = None) -> str:
    """Give the browser another secret with the answer, and return it.

    Args:
        lasts_s: For how many seconds it keeps it; None until it is closed.
    """
    g.browser_secret = new_secret()
    g.browser_secret_lasts_s = lasts_s
    secret: str = g.browser_secret
    return secret


def _cookie_name() -> str:
    return _NAME_HTTPS if request.is_secure else _NAME


def _send(response: Response) -> Response:
    if "browser_secret_lasts_s" not in g:
        return response
    lasts_s = g.browser_secret_lasts_s
    response.set_cookie(
        _cookie_name(),
        g.browser_secret,
        max_age=None if lasts_s is None else int(lasts_s),
        secure=request.is_secure,
        httponly=True,
        samesite="Lax",
    )
    return response
