"""The sample pictures: small ones to choose from, and what is found in the chosen one."""

from io import BytesIO

from flask import Blueprint, Response, request, send_file
from werkzeug.wrappers import Response as BaseResponse

from vision import Resize, decode_picture, encode_jpeg
from webapp.blueprints.pages import to_result
from webapp.results import parse_threshold
from webapp.services import services

blueprint = Blueprint("samples", __name__, url_prefix="/samples/<name>")

# Enough for the widest column on a dense screen; a picture is never enlarged.
_THUMBNAIL = Resize("fit", 480, 480)
_HOUR = "private, max-age=3600"


@blueprint.post("")
def detect(name: str) -> BaseResponse:
    """Look at a sample as if it had been sent, with the model and threshold of the form.

    A sample that only one model knows is looked at by that one, where it is installed.
    """
    sample = services().samples.choose(name)
    model_name = request.form.get("model")
    threshold = parse_threshold(request.form.get("threshold"))
    if sample.model != model_name and services().models.has(sample.model):
        # The threshold was meant for the other model.
        model_name, threshold = sample.model, None
    result = services().recogniser.recognise(
        sample.upload(), model_name=model_name, threshold=threshold
    )
    return to_result(result)


@blueprint.get("/thumbnail.jpg")
def thumbnail(name: str) -> Response:
    """Send the sample in small."""
    upload = services().samples.choose(name).upload()
    small = encode_jpeg(decode_picture(upload.data, resize=_THUMBNAIL).image_hwc)
    response = send_file(BytesIO(small), mimetype="image/jpeg", download_name=upload.image_name)
    response.headers["Cache-Control"] = _HOUR
    return response
