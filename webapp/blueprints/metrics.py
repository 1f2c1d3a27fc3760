"""Numbers for Prometheus to fetch."""

from flask import Blueprint, Response

from webapp.services import services
from webapp.telemetry.metrics import CONTENT_TYPE

blueprint = Blueprint("metrics", __name__)


@blueprint.get("/metrics")
def show() -> Response:
    """Send all numbers."""
    response = Response(services().metrics.text(), content_type=CONTENT_TYPE)
    response.headers["Cache-Control"] = "no-store"
    return response
