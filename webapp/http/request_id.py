"""One id for each request, in its answer and in every log line written for it."""

import logging
import re
import secrets
from contextvars import ContextVar

_TRUSTED = re.compile(r"[A-Za-z0-9_.-]{8,64}")
NO_REQUEST = "-"
"""In place of an id where no request is worked on."""
_current: ContextVar[str] = ContextVar("request_id", default=NO_REQUEST)


def begin_request(given: str | None) -> None:
    """Take the id that a proxy gave the request, if it is a harmless one, or make one."""
    is_usable = given is not None and _TRUSTED.fullmatch(given)
    _current.set(given if given and is_usable else secrets.token_hex(8))


def request_id() -> str:
    """Return the id of the request that this thread works on; ``-`` outside of one."""
    return _current.get()


class RequestIdFilter(logging.Filter):
    """Gives every log record the attribute ``request_id``."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let the record pass, with the id on it."""
        record.request_id = request_id()
        return True
