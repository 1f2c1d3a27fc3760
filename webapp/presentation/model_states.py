"""What the model server says of each installed model."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from serving_client import (
    ModelState,
    NotFoundError,
    ServingClient,
    ServingError,
    VersionStatus,
)


class Standing(StrEnum):
    """Whether a model would answer now."""

    SERVED = "served"
    NOT_SERVED = "not served"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model as the server sees it.

    Attributes:
        name: Its name.
        standing: Whether it would answer now.
        versions: Where each of its versions stands, the newest first.
    """

    name: str
    standing: Standing
    versions: tuple[VersionStatus, ...] = ()


@dataclass(frozen=True, slots=True)
class ServerState:
    """The model server and its models.

    Attributes:
        failure: Why the server could not be asked; empty where it answered.
        answer_ms: How long it took to answer for all models, in milliseconds.
        models: Each model that was asked for, in that order.
    """

    failure: str
    answer_ms: float
    models: tuple[ServedModel, ...]


def ask_server(
    client: ServingClient,
    names: Sequence[str],
    timeout_s: float,
    clock: Callable[[], float] = time.monotonic,
) -> ServerState:
    """Ask the model server where each model stands, and stop at the first sign that it is away.

    Args:
        client: Its client.
        names: The models.
        timeout_s: When to give up, in seconds, for all of them together.
        clock: Seconds that only ever grow.
    """
    start_s, failure = clock(), ""
    models: list[ServedModel] = []
    for name in names:
        left_s = start_s + timeout_s - clock()
        if left_s <= 0 and not failure:
            failure = f"It did not answer for all models within {timeout_s:g} s."
        if failure:
            models.append(ServedModel(name, Standing.UNKNOWN))
            continue
        try:
            models.append(_ask(client, name, left_s))
        except ServingError as error:
            failure = str(error)
            models.append(ServedModel(name, Standing.UNKNOWN))
    return ServerState(failure, (clock() - start_s) * 1000, tuple(models))


def _ask(client: ServingClient, name: str, timeout_s: float) -> ServedModel:
    try:
        versions = client.model_status(name, timeout_s=timeout_s)
    except NotFoundError:
        return ServedModel(name, Standing.NOT_SERVED)
    is_served = any(each.state is ModelState.AVAILABLE for each in versions)
    newest_first = tuple(sorted(versions, key=lambda each: -each.version))
    return ServedModel(name, Standing.SERVED if is_served else Standing.NOT_SERVED, newest_first)
