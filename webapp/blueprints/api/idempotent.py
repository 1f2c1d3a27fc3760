"""Views that carry out a request once, however often it is sent with the same key."""

import hashlib
import logging
import re
from collections.abc import Callable
from functools import wraps

from flask import Response, request

from webapp.access.guard import actor
from webapp.exceptions import KeyFormError, StorageError
from webapp.services import services
from webapp.storage.idempotency import Reply

HEADER = "Idempotency-Key"
_KEY = re.compile(r"[!-~]{1,255}")
_log = logging.getLogger(__name__)

View = Callable[..., Response]


def idempotent(view: View) -> View:
    """Let a view heed the header ``Idempotency-Key``; without it, it is called every time."""

    @wraps(view)
    def once(**values: str) -> Response:
        key = request.headers.get(HEADER)
        if key is None:
            return view(**values)
        if not _KEY.fullmatch(key):
            raise KeyFormError(f"The header {HEADER} must be 1 to 255 visible ASCII characters.")
        digest = _digest(actor().name.encode(), key.encode())
        body = request.get_data(cache=True)
        address = f"{request.method} {request.full_path}".encode()
        reply = services().replies.claim(digest, _digest(address, body))
        if reply is not None:
            return _response(reply)
        return _carried_out(digest, lambda: view(**values))

    return once


def _carried_out(digest: str, view: Callable[[], Response]) -> Response:
    replies = services().replies
    try:
        response = view()
    except BaseException:
        replies.release(digest)
        raise
    location = response.headers.get("Location", "")
    try:
        replies.keep(digest, Reply(response.status_code, location, response.get_data(as_text=True)))
    except StorageError:
        # The request itself was carried out, which is what its sender has to know.
        _log.warning("the answer to a request with a key could not be kept", exc_info=True)
    return response


def _response(reply: Reply) -> Response:
    response = Response(reply.body, reply.status, mimetype="application/json")
    if reply.location:
        response.headers["Location"] = reply.location
    return response


def _digest(*parts: bytes) -> str:
    """Return one digest for several parts, none of which can run into the next."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(hashlib.sha256(part).digest())
    return whole.hexdigest()
