"""Errors as the wire knows them: one code and one message, with their HTTP form."""

from enum import IntEnum

_GRPC_MESSAGE_CHARS_MAX = 1024
_TRUNCATED = "...TRUNCATED"


class Code(IntEnum):
    """The canonical status codes that gRPC and TensorFlow share."""

    OK = 0
    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16


HTTP_STATUS: dict[Code, str] = {
    Code.OK: "200 OK",
    Code.CANCELLED: "499 Client Closed Request",
    Code.UNKNOWN: "500 Internal Server Error",
    Code.INVALID_ARGUMENT: "400 Bad Request",
    Code.DEADLINE_EXCEEDED: "504 Gateway Timeout",
    Code.NOT_FOUND: "404 Not Found",
    Code.ALREADY_EXISTS: "409 Conflict",
    Code.PERMISSION_DENIED: "403 Forbidden",
    Code.RESOURCE_EXHAUSTED: "429 Too Many Requests",
    Code.FAILED_PRECONDITION: "400 Bad Request",
    Code.ABORTED: "409 Conflict",
    Code.OUT_OF_RANGE: "400 Bad Request",
    Code.UNIMPLEMENTED: "501 Not Implemented",
    Code.INTERNAL: "500 Internal Server Error",
    Code.UNAVAILABLE: "503 Service Unavailable",
    Code.DATA_LOSS: "500 Internal Server Error",
    Code.UNAUTHENTICATED: "401 Unauthorized",
}


class ServingError(Exception):
    """What went wrong, in the form in which clients are told.

    Args:
        code: Why; never `OK`.
        message: What, for a person. Messages of the original server are kept word for word,
            because clients match them.

    Raises:
        ValueError: The code is `OK`.

    Example:
        >>> print(ServingError(Code.NOT_FOUND, "Could not find any versions of model x"))
        NOT_FOUND: Could not find any versions of model x
    """

    def __init__(self, code: Code, message: str) -> None:
        if code is Code.OK:
            raise ValueError("expected the code of an error, got OK")
        super().__init__(message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"{self.code.name}: {self.message}"


def grpc_message(message: str) -> str:
    """Cut a message to what fits comfortably into HTTP/2 trailers.

    Example:
        >>> len(grpc_message("x" * 5000)), grpc_message("x" * 5000)[-14:]
        (1036, 'xx...TRUNCATED')
        >>> grpc_message("short")
        'short'
    """
    if len(message) <= _GRPC_MESSAGE_CHARS_MAX:
        return message
    return message[:_GRPC_MESSAGE_CHARS_MAX] + _TRUNCATED
