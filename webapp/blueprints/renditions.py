"""A result's picture as pages show it: upright, without metadata, no larger than a screen."""

from flask import Blueprint, Response

from vision import DecodeLimits
from webapp.http.sending import send_kept
from webapp.presentation.renditions import SCREEN_SIDE, THUMBNAIL_SIDE, smaller_jpeg
from webapp.results import Result
from webapp.services import services

blueprint = Blueprint("renditions", __name__, url_prefix="/results/<result_id>")

_SMALL_SIDE = 320


@blueprint.app_template_filter("is_small")
def _is_small(result: Result) -> bool:
    """Tell whether a picture is so small that a page shows it enlarged; not if it would be tall."""
    width, height = result.width, result.height
    return max(width, height) < _SMALL_SIDE and height <= 2 * width


@blueprint.get("/picture.jpg")
def picture(result_id: str) -> Response:
    """Send the picture in the size of a screen."""
    return _rendition(result_id, SCREEN_SIDE)


@blueprint.get("/thumbnail.jpg")
def thumbnail(result_id: str) -> Response:
    """Send the picture in small, for lists."""
    return _rendition(result_id, THUMBNAIL_SIDE)


def _rendition(result_id: str, side: int) -> Response:
    parts = services()
    name = parts.results.get(result_id).original_name
    parts.originals.path(name)  # one that is gone is said to be, whatever the browser has
    limits = DecodeLimits(parts.settings.pixels_max)
    return send_kept(
        lambda: smaller_jpeg(parts.originals.read(name), side, limits),
        media_type="image/jpeg",
        name=f"picture-{side}.jpg",
        tag=f"{name}-{side}",
    )
