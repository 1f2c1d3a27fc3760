"""Signs of life for whoever watches over the process."""

from flask import Blueprint, Response, jsonify

from webapp.readiness import reasons_against
from webapp.services import services

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> Response:
    """Say that the process is up."""
    return jsonify({"status": "ok"})


@blueprint.get("/readyz")
def readyz() -> Response:
    """Say whether an upload would be answered, and if not, why."""
    parts = services()
    reasons = reasons_against(
        results=parts.results,
        models=parts.models,
        client=parts.client,
        timeout_s=parts.settings.ready_timeout_s,
    )
    response = jsonify({"status": "unavailable" if reasons else "ready", "reasons": reasons})
    response.status_code = 503 if reasons else 200
    return response
