"""The standard health service (grpc.health.v1), tied to what can really be served."""

import threading
from collections.abc import Callable
from typing import Any

from grpc_health.v1 import health, health_pb2

_SERVICES = (
    "",
    "ModelService",  # the names that the original sets
    "PredictionService",
    "tensorflow.serving.ModelService",
    "tensorflow.serving.PredictionService",
)
_SERVING = health_pb2.HealthCheckResponse.SERVING
_NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING

_SendResponse = Callable[[Any], None]


class Health(health.HealthServicer):  # type: ignore[misc]  # the package is untyped
    """Answers for the server under `""`, and for each model under the model's name.

    The server is healthy from the moment it listens until it drains; a model while one of its
    versions is available, so a broken model does not take the good ones out of service.
    """

    def __init__(self) -> None:
        super().__init__()
        self._watches: set[_SendResponse] = set()
        self._watches_lock = threading.Lock()
        for service in _SERVICES:
            self.set(service, _SERVING)

    def set_model(self, name: str, is_available: bool) -> None:  # noqa: FBT001  # `OnChange`
        """Record whether a model has an available version."""
        self.set(name, _SERVING if is_available else _NOT_SERVING)

    def Watch(  # noqa: N802  # the name of the call
        self, request: Any, context: Any, send_response_callback: _SendResponse
    ) -> None:
        """Send a service's status now and whenever it changes, without holding a thread."""
        with self._watches_lock:
            self._watches.add(send_response_callback)
        context.add_callback(lambda: self._forget(send_response_callback))
        super().Watch(request, context, send_response_callback)
        context.add_callback(lambda: self._drop_empty(request.service))

    def drain(self) -> None:
        """Report NOT_SERVING for good, and end all watches, which would hold up the drain."""
        self.enter_graceful_shutdown()
        with self._watches_lock:
            watches = tuple(self._watches)
        for send in watches:
            send(None)

    def _forget(self, send: _SendResponse) -> None:
        with self._watches_lock:
            self._watches.discard(send)

    def _drop_empty(self, service: str) -> None:
        """Forget a name that nobody watches any more; anybody may make names up."""
        with self._lock:
            if not self._send_response_callbacks.get(service, True):
                del self._send_response_callbacks[service]
