"""The picture in the current request, as a form field or as the body."""

from flask import current_app, request
from werkzeug.datastructures import FileStorage

from webapp.exceptions import BodyTypeError, NoPictureError
from webapp.http.uploads import Upload, accept, check_extension
from webapp.services import services
from webapp.storage.originals import MEDIA_TYPES

FORM_TYPE = "multipart/form-data"
_ALSO_SAID = "image/jpg"  # wrong, and common
FIELD = "image"
READ_FACTOR = 4
"""A form with several pictures may weigh this many times as much as one with a single picture."""
_FORM_PARTS_MAX = 64


def allow_many() -> None:
    """Let this request carry several pictures; call it before the form is read."""
    request.max_content_length = READ_FACTOR * (current_app.config["MAX_CONTENT_LENGTH"] or 0)
    request.max_form_parts = _FORM_PARTS_MAX


def form_files() -> list[FileStorage]:
    """Return the files of the form field ``image``, without fields in which nothing was picked.

    Raises:
        UploadError: The request is no such form, or has no such field.
        RequestEntityTooLarge: The form is larger than the limit.
    """
    if request.mimetype != FORM_TYPE:
        raise BodyTypeError(f"A form of type {FORM_TYPE} was expected.")
    files = request.files.getlist(FIELD)
    if not files:
        raise NoPictureError(f"The form has no file that can be read in the field “{FIELD}”.")
    return [file for file in files if file.filename] or files[:1]


def form_picture(number: int = 0) -> Upload:
    """Read one file of the form field ``image``.

    Args:
        number: Which one, from 0.

    Raises:
        UploadError: The request is no such form, or the file cannot be accepted.
        RequestEntityTooLarge: The form is larger than the limit.
    """
    file = form_files()[number]
    name = file.filename or ""
    check_extension(name)
    return _accept(file.read(), name)


def body_picture() -> Upload:
    """Read the request's body, which is a picture and nothing else; its content decides.

    Raises:
        UploadError: It cannot be accepted.
        RequestEntityTooLarge: It is larger than the limit.
    """
    types = (*MEDIA_TYPES.values(), FORM_TYPE)
    if request.mimetype not in {*types, _ALSO_SAID}:
        raise BodyTypeError(f"A body of type {', '.join(types[:-1])} or {types[-1]} was expected.")
    return _accept(request.get_data(cache=False), request.args.get("name", ""))


def _accept(data: bytes, name: str) -> Upload:
    return accept(data, name, bytes_max=services().settings.upload_bytes_max)
