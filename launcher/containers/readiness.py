"""When the model server in its container has loaded its models."""

import http.client
import json
import re
import time
from collections.abc import Callable, Sequence
from http import HTTPStatus
from pathlib import Path

from launcher.ports import HOST

__all__ = ["is_available", "model_names", "wait_until"]

_HTTP_S = 5.0
_POLL_S = 0.5
_NAME = re.compile(r'^\s*name:\s*"([^"]+)"', re.MULTILINE)


def model_names(config: Path) -> tuple[str, ...]:
    """The models that a `--model_config_file` names, in its order."""
    return tuple(_NAME.findall(config.read_text(encoding="utf-8")))


def is_available(port: int, model: str) -> bool:
    """Whether the model server behind this REST port has a version of the model available."""
    connection = http.client.HTTPConnection(HOST, port, timeout=_HTTP_S)
    try:
        connection.request("GET", f"/v1/models/{model}")
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return answer.status == HTTPStatus.OK and "AVAILABLE" in _states(body)


def _states(body: bytes) -> Sequence[str]:
    try:
        return [each["state"] for each in json.loads(body)["model_version_status"]]
    except (ValueError, LookupError, TypeError):
        return ()


def wait_until(
    is_ready: Callable[[], bool],
    timeout_s: float,
    *,
    is_alive: Callable[[], bool] = lambda: True,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> bool:
    """Ask again and again.

    Args:
        is_ready: the question.
        timeout_s: when to give up, in seconds.
        is_alive: whether waiting has a point.
        sleep: pauses between questions.
        clock: tells the time, in seconds.

    Returns:
        False where it was not so in time, or will not be.
    """
    end_s = clock() + timeout_s
    while not is_ready():
        if clock() > end_s or not is_alive():
            return False
        sleep(_POLL_S)
    return True
