"""The standard health service, grpc.health.v1; it asks for no key."""

import threading
from collections.abc import Callable
from typing import Any

from grpc_health.v1 import health, health_pb2

_SendResponse = Callable[[Any], None]


class Health(health.HealthServicer):  # type: ignore[misc]  # the package is untyped
    """Says SERVING from the start until the server drains.

    Args:
        services: The full names of the services; ``""`` stands for the server.
    """

    def __init__(self, services: tuple[str, ...]) -> None:
        super().__init__()
        self._watches: set[_SendResponse] = set()
        self._watches_lock = threading.Lock()
        for service in services:
            self.set(service, health_pb2.HealthCheckResponse.SERVING)

    def Watch(  # noqa: N802  the name of the method
        self, request: Any, context: Any, send_response_callback: _SendResponse
    ) -> None:
        """Send a service's status now and whenever it changes, without holding a thread."""
        with self._watches_lock:
            self._watches.add(send_response_callback)
        context.add_callback(lambda: self._forget(send_response_callback))
        super().Watch(request, context, send_response_callback)

    def drain(self) -> None:
        """Say NOT_SERVING for good, and end all watches, which would hold up a stop."""
        self.enter_graceful_shutdown()
        with self._watches_lock:
            watches = tuple(self._watches)
        for send in watches:
            send(None)

    def _forget(self, send: _SendResponse) -> None:
        with self._watches_lock:
            self._watches.discard(send)
