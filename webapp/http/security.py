"""Headers that keep browsers from doing more than our pages need, and posts from other sites."""

from urllib.parse import urlsplit

from flask import Flask, Response, request

from webapp.exceptions import CrossSiteError
from webapp.http.http_methods import is_change

_POLICY = (
    "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'self'; script-src 'self'; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
# For a page with a library that draws its signs as data.
POLICY_WITH_DATA_IMAGES = _POLICY.replace("img-src 'self'", "img-src 'self' data:")
# For a worker that runs models; compiling WebAssembly is no evaluation of text.
POLICY_WITH_WASM = _POLICY.replace("script-src 'self'", "script-src 'self' 'wasm-unsafe-eval'")
# For the page that looks through the camera of whoever opens it, and for no other.
CAMERA_PERMISSIONS = "camera=(self), geolocation=(), microphone=(), payment=(), usb=()"
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": CAMERA_PERMISSIONS.replace("camera=(self)", "camera=()"),
    "X-Frame-Options": "DENY",  # frame-ancestors, for browsers that do not know it
    "X-Permitted-Cross-Domain-Policies": "none",
    # What a page shows is for whoever asked, and may be another thing the next time.
    "Cache-Control": "private, no-cache",
}
# A picture that is opened by itself is a document, and whatever it may hold must not come alive.
_PICTURE_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"
_YEAR_OF_HTTPS = "max-age=31536000"


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
    if not is_change():
        return
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None:
        is_ours = site in {"same-origin", "none"}
    else:
        is_ours = origin is None or urlsplit(origin).netloc == request.host
    if not is_ours:
        raise CrossSiteError("Another site's page sent this request, so it was not carried out.")


def _add_headers(response: Response) -> Response:
    if (response.mimetype or "").startswith("image/"):
        response.headers.setdefault("Content-Security-Policy", _PICTURE_POLICY)
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", _YEAR_OF_HTTPS)
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    return response
