"""Headers that keep browsers from doing more than our pages need, and posts from other sites."""

from urllib.parse import urlsplit

from flask import Flask, Response, request

from webapp.exceptions import CrossSiteError

_POLICY = (
    "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def register_security(app: Flask) -> None:
    """Guard every request and every answer."""
    app.before_request(_refuse_other_sites)
    app.after_request(_add_headers)


def _refuse_other_sites() -> None:
    """Refuse a change that a page of another site asks for.

    Browsers say where a request comes from in Sec-Fetch-Site, older ones in Origin; programs send
    neither. See https://developer.mozilla.org/docs/Web/HTTP/Headers/Sec-Fetch-Site.

    Raises:
        CrossSiteError: The request comes from another site.
    """
    if request.method in _SAFE_METHODS:
        return
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None:
        is_ours = site in {"same-origin", "none"}
    else:
        is_ours = origin is None or urlsplit(origin).netloc == request.host
    if not is_ours:
        raise CrossSiteError("Another site's page sent this request, so it was not carried out.")


def _add_headers(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    return response
