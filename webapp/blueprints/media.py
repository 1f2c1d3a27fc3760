"""The pictures of a result: the original as it came, and the one with boxes."""

from io import BytesIO
from pathlib import Path

from flask import Blueprint, Response, request, send_file

from vision import DecodeLimits, Resize, decode_picture, draw_detections, encode_jpeg
from webapp.originals import MEDIA_TYPES
from webapp.results import Result, parse_threshold
from webapp.services import services

blueprint = Blueprint("media", __name__, url_prefix="/results/<result_id>")

# Twice the width a page shows it in; a picture is never enlarged.
_ANNOTATED_SIDE_MAX = 2048
# A result never changes once it is done, and belongs to whoever knows its address.
_FOREVER = "private, max-age=31536000, immutable"


@blueprint.get("/original")
def original(result_id: str) -> Response:
    """Send the upload, byte for byte, as the type that its content has."""
    result = services().results.get(result_id)
    path = services().originals.path(result.original_name)
    media_type, name = MEDIA_TYPES[path.suffix[1:]], _named(result, path.suffix)
    return _send(path, media_type=media_type, name=name, tag=result.original_sha256)


@blueprint.get("/annotated.jpg")
def annotated(result_id: str) -> Response:
    """Draw the boxes, into pixels alone: what the original's metadata says stays there."""
    result = services().results.get(result_id).expect_done()
    result = result.at_threshold(parse_threshold(request.args.get("threshold")))
    tag = f"{result.id}-{result.threshold!r}"
    # Who has this picture already is told so, without drawing it.
    drawn = b"" if request.if_none_match.contains(tag) else _drawn(result)
    name = _named(result, "-boxes.jpg")
    return _send(BytesIO(drawn), media_type="image/jpeg", name=name, tag=tag)


def _send(file: Path | BytesIO, *, media_type: str, name: str, tag: str) -> Response:
    response = send_file(file, mimetype=media_type, download_name=name, etag=tag, conditional=True)
    response.headers["Cache-Control"] = _FOREVER
    return response


def _named(result: Result, ending: str) -> str:
    return Path(result.image_name).stem + ending


def _drawn(result: Result) -> bytes:
    data = services().originals.path(result.original_name).read_bytes()
    limits = DecodeLimits(services().settings.pixels_max)
    side = _ANNOTATED_SIDE_MAX
    picture = decode_picture(data, resize=Resize("fit", side, side), limits=limits)
    size_wh = picture.original_size_wh
    return encode_jpeg(draw_detections(picture.image_hwc, result.shown, size_wh=size_wh))
