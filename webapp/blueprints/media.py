"""The pictures of a result: the original as it came, and the one with boxes."""

from pathlib import Path

from flask import Blueprint, Response, request

from vision import DecodeLimits, Resize, decode_picture, draw_detections, encode_jpeg
from webapp.http.sending import send_kept
from webapp.results import Result, parse_threshold
from webapp.services import services
from webapp.storage.originals import MEDIA_TYPES

blueprint = Blueprint("media", __name__, url_prefix="/results/<result_id>")

# Twice the width a page shows it in; a picture is never enlarged.
_ANNOTATED_SIDE_MAX = 2048


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
    side = _ANNOTATED_SIDE_MAX
    picture = decode_picture(data, resize=Resize("fit", side, side), limits=limits)
    size_wh = picture.original_size_wh
    return encode_jpeg(draw_detections(picture.image_hwc, result.shown, size_wh=size_wh))
