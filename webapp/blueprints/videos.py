"""Video files over HTTP, but for the pages: those are in :mod:`webapp.blueprints.video_pages`.

======  ==============================  ===========================================================
POST    ``/videos``                     multipart: ``video``, ``model``, ``threshold``; 303 to the
                                        page, or 201 with ``Location`` and a progress document for
                                        whoever asks for ``application/json``
GET     ``/videos/<id>/progress``       the progress document
GET     ``/videos/<id>/events``         the same whenever it changes, as server-sent events
POST    ``/videos/<id>/cancel``         stop; 303 to the page
POST    ``/videos/<id>/resume``         go on with a failed or cancelled one; 303 to the page
POST    ``/videos/<id>/annotate``       ask for the copy with boxes anew; 303 to the page
POST    ``/videos/<id>/delete``         303 to the list
GET     ``/videos/<id>/file``           the original, byte for byte; ranges
GET     ``/videos/<id>/annotated.mp4``  the copy with boxes; ranges; 202 while it is made
GET     ``/videos/<id>/detections.json``  everything that was found; ``?threshold=``
======  ==============================  ===========================================================

A progress document, also the data of each event; an event ``end`` with the same data is the last
one, and then there is nothing more to listen to::

    {"id": "…", "state": "queued|running|done|failed|cancelled", "progress": 0.25,
     "seconds_done": 3.0, "duration_s": 12.0 or null, "frames_done": 12, "left_s": 9.5 or null,
     "message": "a sentence for people, always there",
     "annotation": "none|wanted|done|failed", "is_final": false}

Detections; boxes are left, top, right and bottom in fractions of the upright picture, 0..1::

    {"id": "…", "video_name": "…", "model": "…", "model_version": 1 or null, "state": "done",
     "threshold": 0.5, "samples_per_s": 4.0, "duration_s": 12.0, "width": 1920, "height": 1080,
     "frames": [{"moment_s": 0.25, "objects": [
         {"label": "dog", "class_id": 18, "score": 0.91, "box": [0.1, 0.2, 0.4, 0.6]}]}],
     "counts": {"moments_s": [0.0, 0.25], "labels": {"dog": [0, 1]}}}
"""

import json
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Any, cast
from urllib.parse import quote

from flask import Blueprint, Response, jsonify, redirect, request, send_file, url_for
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response as BaseResponse

from videos import VideoError
from webapp.access.guard import actor
from webapp.blueprints.video_pages import form_page
from webapp.errors import problem_response
from webapp.exceptions import (
    BodyTypeError,
    FieldError,
    NoVideoError,
    TaskError,
    UnknownVideoError,
    UploadError,
    VideoStateError,
)
from webapp.http.upload_request import upload_request
from webapp.presentation.video_documents import detections_document, progress_document
from webapp.problems import problem_of
from webapp.results import parse_threshold
from webapp.services import Services, services
from webapp.storage.originals import IncomingFile
from webapp.videos.video import AnnotationState, StoredVideo

blueprint = Blueprint("videos", __name__, url_prefix="/videos")

FIELD = "video"
# What the person at the form can put right there.
BAD_INPUT = (UploadError, FieldError, TaskError, VideoError)
_CREATE = "videos.create"
_FORM_TYPE = "multipart/form-data"
# What a form may weigh beside its video.
FORM_BYTES = 64 * 1024
_MEDIA_TYPES = {".mp4": "video/mp4", ".mov": "video/quicktime", ".webm": "video/webm"}
_LOOK_S = 1.0
_HEARTBEAT_S = 10.0
# A listener that hangs on longer connects anew.
_LISTENING_S = 600.0
_AGAIN_MS = 3000


@blueprint.url_value_preprocessor
def _receive_on_disk(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Have a video written to its folder while it arrives, before anything reads the form."""
    if endpoint == _CREATE and request.method == "POST":
        parts = services()
        bytes_max = parts.settings.video_bytes_max + FORM_BYTES
        upload_request().receive_with(parts.originals.incoming, bytes_max=bytes_max)


@blueprint.errorhandler(RequestEntityTooLarge)
def _say_above_the_form(error: RequestEntityTooLarge) -> Response:
    """Say that a form was too large to be read, wherever it was tried."""
    problem = problem_of(error)
    return problem_response(problem) if _wants_json() else form_page({}, problem)


@blueprint.post("")
def create() -> BaseResponse:
    """Keep a video, and put it into the queue; what cannot be taken is said above the form."""
    try:
        video = _accepted()
    except BAD_INPUT as error:
        if _wants_json():
            raise
        return form_page(request.form, problem_of(error))
    if not _wants_json():
        return _to_page(video.id)
    response = jsonify(progress_document(video))
    response.status_code = 201
    response.headers["Location"] = url_for("video_pages.show", video_id=video.id)
    return response


def _accepted() -> StoredVideo:
    """Take the video of the form in, with the model and threshold that the form has.

    Raises:
        UploadError, FieldError, VideoError, TaskError: Something in the form cannot be used.
        NoModelError, QuotaError, StorageError: Nothing can be taken at the moment.
    """
    incoming, name = _sent_file()
    return services().video_intake.accept(
        incoming,
        name,
        model_name=request.form.get("model"),
        threshold=parse_threshold(request.form.get("threshold")),
    )


def _sent_file() -> tuple[IncomingFile, str]:
    """Return the file of the form, and the client's name for it.

    Raises:
        BodyTypeError: The request is no such form.
        NoVideoError: It has no such file.
        RequestEntityTooLarge: It is larger than the limit.
    """
    if request.mimetype != _FORM_TYPE:
        raise BodyTypeError(f"A form of type {_FORM_TYPE} was expected.")
    file = request.files.get(FIELD)
    if file is None:
        raise NoVideoError(f"The form has no file in the field “{FIELD}”.")
    return cast("IncomingFile", file.stream), file.filename or ""


@blueprint.get("/<video_id>/progress")
def progress(video_id: str) -> Response:
    """Say how far a video is."""
    return jsonify(progress_document(services().videos.get(video_id)))


@blueprint.get("/<video_id>/events")
def events(video_id: str) -> Response:
    """Say how far a video is, whenever that changes, until it has ended."""
    parts = services()
    parts.videos.get(video_id)  # an unknown one is an error, and not an event
    response = Response(_events(parts, video_id), mimetype="text/event-stream")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"  # nginx would hold small pieces back
    return response


def _events(parts: Services, video_id: str) -> Iterator[str]:
    """Yield events. Without a free place there is one: who listens asks again, as it says."""
    with parts.video_listeners.place() as has_place:
        yield f"retry: {_AGAIN_MS}\n\n"
        end_s = monotonic() + _LISTENING_S
        told, told_at_s = "", monotonic()
        while True:
            try:
                video = parts.videos.get(video_id)
            except UnknownVideoError:
                return
            document = json.dumps(progress_document(video))
            if document != told:
                told, told_at_s = document, monotonic()
                yield f"data: {document}\n\n"
            elif monotonic() - told_at_s > _HEARTBEAT_S:
                told_at_s = monotonic()
                yield ": still here\n\n"
            if not video.is_open:
                yield f"event: end\ndata: {document}\n\n"
                return
            if not has_place or parts.video_listeners.wait(_LOOK_S) or monotonic() > end_s:
                return


@blueprint.post("/<video_id>/cancel")
def cancel(video_id: str) -> BaseResponse:
    """Stop the work on a video."""
    services().videos.cancel(video_id)
    return _to_page(video_id)


@blueprint.post("/<video_id>/resume")
def resume(video_id: str) -> BaseResponse:
    """Go on with a video that failed or was stopped, from where it was."""
    services().videos.resume(video_id)
    return _to_page(video_id)


@blueprint.post("/<video_id>/annotate")
def annotate(video_id: str) -> BaseResponse:
    """Have the copy with boxes made, or made anew."""
    services().videos.annotate(video_id)
    return _to_page(video_id)


@blueprint.post("/<video_id>/delete")
def delete(video_id: str) -> BaseResponse:
    """Delete a video with everything that was found in it."""
    services().video_remover.remove(video_id, actor=str(actor()))
    return redirect(url_for("video_pages.index", deleted=1), 303)


@blueprint.get("/<video_id>/file")
def file(video_id: str) -> Response:
    """Send the original, byte for byte, or a range of it."""
    video = services().videos.get(video_id)
    path = services().originals.path(video.original_name)
    return _send(path, _MEDIA_TYPES[path.suffix], _named(video, path.suffix), video.original_sha256)


@blueprint.get("/<video_id>/annotated.mp4")
def annotated(video_id: str) -> BaseResponse:
    """Send the copy with boxes, or a range of it.

    Raises:
        VideoStateError: There is none, and none is being made.
    """
    video = services().videos.get(video_id)
    path = services().annotated_videos.find(video_id)
    if video.annotation is AnnotationState.DONE and path is not None:
        tag = f"{video_id}-boxes-{path.stat().st_mtime_ns}"
        return _send(path, "video/mp4", _named(video, "-boxes.mp4"), tag)
    if video.annotation is AnnotationState.WANTED or video.is_open:
        response = jsonify(progress_document(video))
        response.status_code = 202
        response.headers["Retry-After"] = "5"
        return response
    raise VideoStateError("There is no copy of this video with boxes.")


@blueprint.get("/<video_id>/detections.json")
def detections(video_id: str) -> Response:
    """Send everything that was found so far."""
    threshold = parse_threshold(request.args.get("threshold"))
    video = services().videos.get(video_id)
    frames = services().videos.frames(video_id)
    response = jsonify(detections_document(video, frames, threshold))
    # Written so that any letters fit into a header (RFC 8187).
    name = {"filename*": f"UTF-8''{quote(_named(video, '.json'), safe='')}"}
    response.headers.set("Content-Disposition", "inline", **name)
    return response


def _send(path: Path, media_type: str, name: str, tag: str) -> Response:
    response = send_file(path, mimetype=media_type, download_name=name, etag=tag, conditional=True)
    response.headers["Cache-Control"] = "private, no-cache"  # it may be deleted
    return response


def _named(video: StoredVideo, ending: str) -> str:
    return Path(video.video_name).stem + ending


def _to_page(video_id: str) -> BaseResponse:
    return redirect(url_for("video_pages.show", video_id=video_id), 303)


def _wants_json() -> bool:
    return request.accept_mimetypes.best == "application/json"
