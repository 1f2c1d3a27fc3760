"""The models that can be asked."""

from flask import Response, jsonify

from webapp.blueprints.api.blueprint import blueprint
from webapp.blueprints.api.forms import model_form
from webapp.blueprints.api.shapes import ModelList
from webapp.exceptions import StorageError
from webapp.openapi.operation import Operation, describes
from webapp.services import services


@blueprint.get("/models")
@describes(Operation({200: ModelList}, raises=(StorageError,)))
def models() -> Response:
    """List what is installed, the default one first."""
    installed = services().models.installed()
    speeds = services().results.speeds(model.card.name for model in installed)
    forms = [
        model_form(model, default=model is installed[0], speed=speeds.get(model.card.name))
        for model in installed
    ]
    return jsonify({"models": forms})
