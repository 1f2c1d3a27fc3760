"""What all addresses of the API have in common."""

from flask import Blueprint, Response

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")


def nothing_left() -> Response:
    """Return the answer to what is done, and has nothing to show for it."""
    return Response(status=204, mimetype="application/json")
