"""Whether an upload sent now would be answered."""

import time
from collections.abc import Callable

from serving_client import ModelState, NotFoundError, ServingClient, ServingError
from webapp.exceptions import NoModelError, StorageError
from webapp.models import ModelRepository
from webapp.storage.store import ResultStore


def reasons_against(
    *,
    results: ResultStore,
    models: ModelRepository,
    client: Callable[[], ServingClient],
    timeout_s: float,
) -> tuple[str, ...]:
    """Return why an upload could not be answered now, as sentences; none means ready.

    Args:
        results: The database must answer.
        models: At least one model must be installed, and served.
        client: The model server must answer.
        timeout_s: When to give up on it, in seconds.
    """
    reasons = []
    try:
        results.check()
    except StorageError as error:
        reasons.append(str(error))
    names = [model.card.name for model in models.installed()]
    if names:
        reasons.extend(_reasons_against_server(client(), names, timeout_s))
    else:
        reasons.append(str(NoModelError()))
    return tuple(reasons)


def _reasons_against_server(client: ServingClient, names: list[str], timeout_s: float) -> list[str]:
    """Look for one model that is available, until the time is over."""
    end_s = time.monotonic() + timeout_s
    for name in names:
        try:
            left_s = max(end_s - time.monotonic(), 0.001)
            statuses = client.model_status(name, timeout_s=left_s)
        except NotFoundError:
            continue
        except ServingError as error:
            return [f"The model server does not answer: {error}."]
        if any(status.state is ModelState.AVAILABLE for status in statuses):
            return []
    return ["The model server has none of the installed models available."]
