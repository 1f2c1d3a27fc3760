"""A result as a file for other programs."""

from io import BytesIO
from pathlib import Path

from flask import Blueprint, Response, request, send_file

from webapp.exceptions import TaskError
from webapp.presentation.exports import coco_text, to_csv
from webapp.results import Result, Task, parse_threshold
from webapp.services import services

blueprint = Blueprint("exports", __name__, url_prefix="/results/<result_id>")


@blueprint.get("/table.csv")
def table(result_id: str) -> Response:
    """Send what is shown as a table."""
    result = _result(result_id)
    return as_download(to_csv([result]), "text/csv", f"{_stem(result)}.csv")


@blueprint.get("/coco.json")
def coco(result_id: str) -> Response:
    """Send the detections as a COCO dataset of one picture.

    Raises:
        TaskError: The result has no boxes.
    """
    result = _result(result_id)
    if result.task is not Task.DETECTION:
        raise TaskError("COCO's form is for boxes, and this result has classes instead.")
    return as_download(coco_text([result]), "application/json", f"{_stem(result)}.coco.json")


def as_download(text: str, media_type: str, name: str) -> Response:
    """Return a file that browsers save instead of showing it."""
    file = BytesIO(text.encode())
    return send_file(file, mimetype=media_type, as_attachment=True, download_name=name)


def _result(result_id: str) -> Result:
    threshold = parse_threshold(request.args.get("threshold"))
    return services().results.get(result_id).expect_done().at_threshold(threshold)


def _stem(result: Result) -> str:
    return Path(result.image_name).stem
