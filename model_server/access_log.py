"""One line per request."""

import logging
from typing import Any

from model_server.status import ServingError, grpc_message

logger = logging.getLogger(__name__)


def log_access(
    call: str, spec: Any, error: ServingError | None, took_s: float, request_id: str = ""
) -> None:
    """Log what was asked, who answered, and how it went.

    Args:
        call: The name of the call, or the method and path of an HTTP request.
        spec: The `ModelSpec` that was asked for or, better, that answered; `None` without one.
        error: What went wrong, or `None`.
        took_s: Seconds from the request to the answer.
        request_id: What the client or its proxies know the request by, if anything.
    """
    # Names come from clients: %r keeps a line break in one from forging a line of the log.
    logger.info(
        "%s model=%r version=%r signature=%r status=%s ms=%.1f%s%s",
        call,
        spec and spec.name,
        _version(spec),
        spec and spec.signature_name,
        error.code.name if error else "OK",
        took_s * 1000,
        f" request_id={request_id}" if request_id else "",
        f" error={grpc_message(error.message)!r}" if error else "",
    )


def _version(spec: Any) -> int | str | None:
    choice = spec.WhichOneof("version_choice") if spec else None
    if choice == "version":
        return int(spec.version.value)
    return str(spec.version_label) if choice else None
