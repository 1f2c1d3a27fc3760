"""The picture in the current request, as a form field or as the body."""

from flask import request

from webapp.exceptions import BodyTypeError, NoPictureError
from webapp.originals import MEDIA_TYPES
from webapp.services import services
from webapp.uploads import Upload, accept, check_extension

FORM_TYPE = "multipart/form-data"
_ALSO_SAID = "image/jpg"  # wrong, and common
FIELD = "image"


def form_picture() -> Upload:
    """Read the form field ``image``.

    Raises:
        UploadError: The request is no such form, or the file cannot be accepted.
        RequestEntityTooLarge: The form is larger than the limit.
    """
    if request.mimetype != FORM_TYPE:
        raise BodyTypeError(f"A form of type {FORM_TYPE} was expected.")
    file = request.files.get(FIELD)
    if file is None:
        raise NoPictureError(f"The form has no file that can be read in the field “{FIELD}”.")
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
