"""Files as answers that a browser may keep."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

from flask import Response, request, send_file

# What is sent never changes, and belongs to whoever knows its address.
_FOREVER = "private, max-age=31536000, immutable"


def send_kept(
    source: Path | Callable[[], bytes], *, media_type: str, name: str, tag: str
) -> Response:
    """Send a file that never changes, or tell whoever has it already just that.

    Args:
        source: The file, or what makes its bytes; it is not called where nothing has to be sent.
        media_type: What the file is.
        name: What a download of it is called.
        tag: Differs wherever the bytes do.
    """
    if isinstance(source, Path):
        file: Path | BytesIO = source
    else:
        file = BytesIO(b"" if request.if_none_match.contains(tag) else source())
    response = send_file(file, mimetype=media_type, download_name=name, etag=tag, conditional=True)
    response.headers["Cache-Control"] = _FOREVER
    return response
