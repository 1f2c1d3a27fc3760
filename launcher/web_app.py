"""What the running web app answers."""

import http.client
import json
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

from launcher.ports import HOST

__all__ = ["Model", "installed_models", "is_healthy", "models_line"]

_HTTP_S = 5.0


@dataclass(frozen=True, slots=True)
class Model:
    """A model that is installed.

    Attributes:
        name: that it is served under.
        bundled: whether it came with the project, and was not fetched.
    """

    name: str
    bundled: bool


def is_healthy(port: int) -> bool:
    """Whether the web app on this port says that it is up."""
    return _get(port, "/healthz") is not None


def installed_models(port: int) -> tuple[Model, ...] | None:
    """The models that the web app on this port offers, the default one first.

    Returns:
        None where it does not say.
    """
    try:
        rows = json.loads(_get(port, "/api/v1/models") or b"")["models"]
        return tuple(Model(row["name"], row["bundled"]) for row in rows)
    except (ValueError, LookupError, TypeError):
        return None


def models_line(models: Sequence[Model]) -> str:
    """What to say about the models that are installed, and about how to get more."""
    if not models:
        return "no model is installed: `make models`, in another terminal, fetches one"
    names = ", ".join(model.name for model in models)
    if all(model.bundled for model in models):
        return f"models: {names}; `make models`, in another terminal, adds one for everyday objects"
    return f"models: {names}"


def _get(port: int, path: str) -> bytes | None:
    connection = http.client.HTTPConnection(HOST, port, timeout=_HTTP_S)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.read() if answer.status == HTTPStatus.OK else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
