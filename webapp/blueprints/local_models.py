"""Models that browsers run themselves: what there is to know of one, its file, and the worker."""

from typing import Any

from flask import Blueprint, Response, abort, current_app, jsonify, url_for

from vision import BrowserForm
from webapp.http.security import POLICY_WITH_WASM
from webapp.http.sending import send_kept
from webapp.models import InstalledModel
from webapp.presentation.formatting import class_colour_hex
from webapp.results import Task
from webapp.services import services

blueprint = Blueprint("local_models", __name__, url_prefix="/live/local")


@blueprint.get("/worker.js")
def worker() -> Response:
    """Send the script that runs models; nothing else of ours may compile WebAssembly."""
    response = current_app.send_static_file("js/local/worker.js")
    # A worker obeys the policy that its own script comes with, not that of the page.
    response.headers["Content-Security-Policy"] = POLICY_WITH_WASM
    return response


@blueprint.get("/<name>")
def describe(name: str) -> Response:
    """Say what the form for browsers of a model wants and means, and where its file is."""
    model, form = _model(name)
    card = model.card
    return jsonify(
        {
            "model": card.name,
            "version": form.version,
            "file": url_for(".content", name=name, sha256=form.sha256),
            "sha256": form.sha256,
            "bytes": services().models.browser_file(name, form).stat().st_size,
            "worker": url_for(".worker"),
            "width": form.width,
            "height": form.height,
            "method": card.input.resize.method,
            "outputs": _outputs(model),
            "classes": {
                class_id: {"label": label, "colour": class_colour_hex(class_id)}
                for class_id, label in model.labels.names.items()
            },
            "score_floor": services().settings.score_floor,
        }
    )


@blueprint.get("/<name>/<sha256>.tflite")
def content(name: str, sha256: str) -> Response:
    """Send the file; its address changes with its bytes."""
    _, form = _model(name)
    if form.sha256 != sha256:
        abort(404)
    path = services().models.browser_file(name, form)
    return send_kept(path, media_type="application/octet-stream", name=f"{name}.tflite", tag=sha256)


def _model(name: str) -> tuple[InstalledModel, BrowserForm]:
    """Return a model and its form for browsers; an error of HTTP where there is none."""
    models = services().models.installed(Task.DETECTION)
    model = next((model for model in models if model.card.name == name), None)
    if model is None or model.card.browser is None:
        abort(404)
    return model, model.card.browser


def _outputs(model: InstalledModel) -> dict[str, Any]:
    names = model.card.detection_outputs
    return {
        "boxes": names.boxes,
        "scores": names.scores,
        "classes": names.classes,
        "count": names.count,
    }
