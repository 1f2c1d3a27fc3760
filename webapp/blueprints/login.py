"""Logging in and out."""

from typing import cast
from urllib.parse import urlsplit

from flask import Blueprint, Response, current_app, redirect, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from werkzeug.wrappers import Response as BaseResponse

from webapp.access.cookie import browser_secret, renew_browser_secret
from webapp.exceptions import BadLoginError, TooOftenError
from webapp.limits.rate import RateLimiter
from webapp.problems import Problem, problem_of
from webapp.services import services

blueprint = Blueprint("login", __name__)

_EXTENSION = "sightline.logins"
_HOUR_S = 3600
# Guesses a minute: from one address, and at one name from wherever they come.
_PER_ADDRESS = 6
_PER_NAME = 20


@blueprint.record_once
def _count_guesses(state: BlueprintSetupState) -> None:
    state.app.extensions[_EXTENSION] = (RateLimiter(_PER_ADDRESS), RateLimiter(_PER_NAME))


@blueprint.get("/login")
def show() -> Response:
    """Show the form."""
    return _page()


@blueprint.post("/login")
def log_in() -> BaseResponse:
    """Log somebody in, and send them where they wanted to go."""
    name, password = request.form.get("name", ""), request.form.get("password", "")
    lasts_s = services().settings.login_hours * _HOUR_S
    try:
        _slow_down(name)
        # Another secret, so that nobody who knew the former one is logged in, too.
        services().users.log_in(name, password, renew_browser_secret(lasts_s=lasts_s))
    except (BadLoginError, TooOftenError) as error:
        return _page(problem_of(error))
    return redirect(_local(request.form.get("next", "")), 303)


@blueprint.post("/logout")
def log_out() -> BaseResponse:
    """End the login."""
    secret = browser_secret()
    if secret is not None:
        services().users.log_out(secret)
    renew_browser_secret()
    return redirect(url_for("login.show"), 303)


def _slow_down(name: str) -> None:
    """Count a guess.

    Raises:
        TooOftenError: There were too many.
    """
    limiters = cast("tuple[RateLimiter, RateLimiter]", current_app.extensions[_EXTENSION])
    for limiter, client in zip(limiters, (request.remote_addr or "", name), strict=True):
        wait_s = limiter.wait_s(client)
        if wait_s:
            raise TooOftenError(wait_s)


def _page(problem: Problem | None = None) -> Response:
    wanted = _local(request.values.get("next", ""))
    page = render_template(
        "login.html", problem=problem, next=wanted, name=request.form.get("name", "")
    )
    response = Response(page, status=problem.status if problem else 200, mimetype="text/html")
    response.headers.update(problem.headers if problem else {})
    return response


def _local(address: str) -> str:
    """Return an address of this site; the start page in place of any other."""
    parts = urlsplit(address)
    # A browser takes \ for /, so /\evil.example would lead elsewhere.
    is_ours = address.startswith("/") and not address.startswith(("//", "/\\"))
    if not is_ours or parts.scheme or parts.netloc or not address.isprintable():
        return url_for("pages.index")
    return address
