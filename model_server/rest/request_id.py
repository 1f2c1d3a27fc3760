"""The id of a request, by which the logs of all who handled it can be put together."""

import re
import uuid

_ACCEPTED = re.compile(r"[!-~]{1,128}")


def request_id_of(header: str) -> str:
    """Take the id that a client sent, or make one.

    Args:
        header: The header `X-Request-Id`; only a short one of printable ASCII without blanks is
            taken, since it ends up in logs and in the answer.

    Example:
        >>> request_id_of("order-17"), len(request_id_of("")), len(request_id_of("a b"))
        ('order-17', 32, 32)
    """
    return header if _ACCEPTED.fullmatch(header) else uuid.uuid4().hex
