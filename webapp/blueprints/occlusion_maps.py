"""The heat maps of single objects, once they are worked out."""

from pathlib import Path

from flask import Blueprint, Response, request

from vision import DecodeLimits
from webapp.explanations.heat_pictures import layer_png, overlay_jpeg
from webapp.http.request_fields import parse_opacity
from webapp.http.sending import send_kept
from webapp.results import Result
from webapp.services import services

blueprint = Blueprint("occlusion_maps", __name__, url_prefix="/explanations/<job_id>")


@blueprint.get("/heat_map.png")
def heat_map(job_id: str) -> Response:
    """Send the heat of an object as a layer, transparent where there is none."""
    explained = services().detection_explainer.heat_map(job_id)
    result = _result(job_id)
    name = f"{Path(result.image_name).stem}-heat.png"
    return send_kept(
        lambda: layer_png(explained, (result.width, result.height)),
        media_type="image/png",
        name=name,
        tag=f"{job_id}-heat",
    )


@blueprint.get("/overlay.jpg")
def overlay(job_id: str) -> Response:
    """Send the picture with the heat of an object over it."""
    opacity = parse_opacity(request.args.get("opacity"))
    explained = services().detection_explainer.heat_map(job_id)
    result = _result(job_id)
    limits = DecodeLimits(services().settings.pixels_max)

    def draw() -> bytes:
        data = services().originals.read(result.original_name)
        return overlay_jpeg(data, explained, opacity, limits)

    name = f"{Path(result.image_name).stem}-heat.jpg"
    return send_kept(draw, media_type="image/jpeg", name=name, tag=f"{job_id}-{opacity!r}")


def _result(job_id: str) -> Result:
    question = services().detection_explainer.jobs.get(job_id).question
    return services().results.get(question.result_id)
