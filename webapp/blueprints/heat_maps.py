"""The heat maps of a classification: as a layer for a page, and in its picture."""

from pathlib import Path

from flask import Blueprint, Response, request

from vision import DecodeLimits
from webapp.explanations.heat_pictures import layer_png, overlay_jpeg
from webapp.http.request_fields import parse_class_id, parse_opacity
from webapp.http.sending import send_kept
from webapp.results import Result
from webapp.services import services

blueprint = Blueprint("heat_maps", __name__, url_prefix="/results/<result_id>")


@blueprint.get("/heat_map.png")
def heat_map(result_id: str) -> Response:
    """Send the heat of a class as a layer, transparent where there is none."""
    class_id = parse_class_id(request.args.get("class_id"))
    result = services().results.get(result_id)

    def draw() -> bytes:
        heat = services().explainer.explain(result_id, class_id)
        return layer_png(heat.heat_map, (result.width, result.height))

    tag = f"{result_id}-heat-{class_id}"
    return send_kept(draw, media_type="image/png", name=_named(result, "-heat.png"), tag=tag)


@blueprint.get("/overlay.jpg")
def overlay(result_id: str) -> Response:
    """Send the picture with the heat of a class over it."""
    class_id = parse_class_id(request.args.get("class_id"))
    opacity = parse_opacity(request.args.get("opacity"))
    result = services().results.get(result_id)

    def draw() -> bytes:
        heat = services().explainer.explain(result_id, class_id)
        data = services().originals.read(result.original_name)
        limits = DecodeLimits(services().settings.pixels_max)
        return overlay_jpeg(data, heat.heat_map, opacity, limits)

    tag = f"{result_id}-overlay-{class_id}-{opacity!r}"
    return send_kept(draw, media_type="image/jpeg", name=_named(result, "-heat.jpg"), tag=tag)


def _named(result: Result, ending: str) -> str:
    return Path(result.image_name).stem + ending
