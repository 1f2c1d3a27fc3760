"""The one client of the model server that a process has."""

from collections.abc import Callable
from threading import Lock

from serving_client import ServingClient


class SharedClient:
    """Makes the client when it is first needed, so after any fork, and keeps it.

    Args:
        make: Makes it.
    """

    def __init__(self, make: Callable[[], ServingClient]) -> None:
        self._make = make
        self._lock = Lock()
        self._client: ServingClient | None = None

    def __call__(self) -> ServingClient:
        """Return the client."""
        with self._lock:
            if self._client is None:
                self._client = self._make()
            return self._client

    def close(self) -> None:
        """End what is in flight and free the connections, if there ever were any."""
        with self._lock:
            if self._client is not None:
                self._client.close()
