"""The pictures of a result: the original as it came, and the one with boxes."""

from pathlib import Path

from flask import Blueprint, Response, request

from vision import DecodeLimits
from webapp.http.sending import send_kept
from webapp.presentation.renditions import SCREEN_SIDE, annotated_jpeg
from webapp.results import Result, parse_threshold
from webapp.services import services
from webapp.storage.originals import MEDIA_TYPES

blueprint = Blueprint("media", __name__, url_prefix="/results/<result_id>")


@blueprint.get("/original")
def original(result_id: str) -> Response:
    """Send the upload, byte for byte, as the type that its content has."""
    result = services().results.get(result_id)
    path = services().originals.path(result.original_name)
    media_type, name = MEDIA_TYPES[path.suffix[1:]], _named(result, path.suffix)
    return send_kept(path, media_type=media_type, name=name, tag=result.original_sha256)


@blueprint.get("/annotated.jpg")
def annotated(result_id: str) -> Response:
    """Draw the boxes, into pixels alone: what the original's metadata says stays there."""
    result = services().results.get(result_id).expect_done()
    result = result.at_threshold(parse_threshold(request.args.get("threshold")))
    tag = f"{result.id}-{result.threshold!r}"
    name = _named(result, "-boxes.jpg")
    return send_kept(lambda: _drawn(result), media_type="image/jpeg", name=name, tag=tag)


def _named(result: Result, ending: str) -> str:
    return Path(result.image_name).stem + ending


def _drawn(result: Result) -> bytes:
    data = services().originals.read(result.original_name)
    limits = DecodeLimits(services().settings.pixels_max)
    return annotated_jpeg(data, result.shown, SCREEN_SIDE, limits)
