"""The page that shows the API to people who write programs."""

from flask import Blueprint, Response, make_response, render_template

from webapp.http.security import POLICY_WITH_DATA_IMAGES

blueprint = Blueprint("reference", __name__)


@blueprint.get("/reference")
def show() -> Response:
    """Show all addresses of the API, to read and to try."""
    page = make_response(render_template("reference.html"))
    page.headers["Content-Security-Policy"] = POLICY_WITH_DATA_IMAGES
    return page
