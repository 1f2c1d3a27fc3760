"""A result's picture as pages show it: upright, without metadata, no larger than a screen."""

from io import BytesIO

from flask import Blueprint, Response, request, send_file

from vision import DecodeLimits
from webapp.presentation.renditions import SCREEN_SIDE, THUMBNAIL_SIDE, smaller_jpeg
from webapp.results import Result
from webapp.services import services

blueprint = Blueprint("renditions", __name__, url_prefix="/results/<result_id>")

_SMALL_SIDE = 320
# An original never changes, and belongs to whoever knows its address.
_FOREVER = "private, max-age=31536000, immutable"


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
    tag = f"{name}-{side}"
    path = parts.originals.path(name)
    # Who has this picture already is told so, without making it again.
    is_known = request.if_none_match.contains(tag)
    limits = DecodeLimits(parts.settings.pixels_max)
    data = b"" if is_known else smaller_jpeg(path.read_bytes(), side, limits)
    response = send_file(BytesIO(data), mimetype="image/jpeg", etag=tag, conditional=True)
    response.headers["Cache-Control"] = _FOREVER
    return response
