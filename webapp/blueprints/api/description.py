"""The description of the API, for programs."""

from pathlib import Path

from flask import Response, current_app, request

from webapp.blueprints.api.blueprint import blueprint

_FILE = "openapi.json"


@blueprint.get("/openapi.json")
def description() -> Response:
    """Send the description, in OpenAPI 3.1."""
    text = Path(current_app.static_folder or "", _FILE).read_bytes()
    response = Response(text, mimetype="application/json")
    response.add_etag()
    response.make_conditional(request)
    return response
