"""Forms that only our own pages can send: a token in each, made from the browser's secret.

A page of another site can have a browser send us a form, with our cookie at worst, but cannot read
the cookie, nor a page of ours, so it cannot know the token. Nothing has to be stored or configured:
the token is an HMAC under the secret that the cookie holds.
See https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html
"""

import base64
import hashlib
import hmac

from flask import Flask, request
from markupsafe import Markup

from webapp.access.cookie import browser_secret, ensure_browser_secret
from webapp.access.guard import actor
from webapp.exceptions import FormTokenError
from webapp.http.http_methods import is_change

FIELD = "csrf_token"
HEADER = "X-CSRF-Token"
_PURPOSE = b"sightline form"
_API = "/api/"


def register_form_tokens(app: Flask) -> None:
    """Check the token of every request that changes something, and let templates write it."""
    app.before_request(_check)
    app.add_template_global(csrf_field)
    app.add_template_global(csrf_token)


def token_of(secret: str) -> str:
    """Return the token that goes with a browser's secret.

    Examples:
        >>> token_of("a secret")
        'VPzyAiIQbPi-Xa5Wmr-OIxmrko11L604fC0KrXvmt10'
    """
    code = hmac.digest(secret.encode(), _PURPOSE, hashlib.sha256)
    return base64.urlsafe_b64encode(code).rstrip(b"=").decode()


def csrf_token() -> str:
    """Return the token for this browser, which gets its cookie with the answer."""
    return token_of(ensure_browser_secret())


def csrf_field() -> Markup:
    """Return the hidden field that every form with the method POST has."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, csrf_token())


def _check() -> None:
    """Refuse a change that no page of ours asked for.

    Requests to the API need no token unless a cookie says who sends them: what a program shows by
    itself, another site's page cannot have a browser show.

    Raises:
        FormTokenError: The token is missing, or is not that of this browser.
        RequestEntityTooLarge: The form that should hold it is larger than the limit.
    """
    if not is_change() or request.endpoint is None:
        return
    if request.path.startswith(_API) and not actor().is_cookie:
        return
    secret = browser_secret()
    sent = request.headers.get(HEADER) or request.form.get(FIELD, "")
    if secret is None or not hmac.compare_digest(sent.encode(), token_of(secret).encode()):
        raise FormTokenError
