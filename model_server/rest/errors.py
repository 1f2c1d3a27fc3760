"""What goes wrong with a request over HTTP, and the status line that says so."""

from typing import Any

from model_server.status import HTTP_STATUS, Code, ServingError


class RequestTooLargeError(ServingError):
    """A body is larger than this server accepts: 413, which no code of gRPC stands for."""

    def __init__(self, message: str) -> None:
        super().__init__(Code.INVALID_ARGUMENT, message)


def http_status(error: ServingError | None) -> str:
    """Return the status line of an answer.

    Example:
        >>> http_status(None), http_status(ServingError(Code.NOT_FOUND, "no such model"))
        ('200 OK', '404 Not Found')
        >>> http_status(RequestTooLargeError("too large"))
        '413 Request Entity Too Large'
    """
    if isinstance(error, RequestTooLargeError):
        return "413 Request Entity Too Large"
    return HTTP_STATUS[error.code if error else Code.OK]


def invalid(*parts: Any) -> ServingError:
    """Make the error for a request that makes no sense; the parts are joined to its message.

    Example:
        >>> print(invalid("expected size ", 3))
        INVALID_ARGUMENT: expected size 3
    """
    return ServingError(Code.INVALID_ARGUMENT, "".join(map(str, parts)))
