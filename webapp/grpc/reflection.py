"""Server reflection: clients such as grpcurl learn the service from the server; it asks for no key.

Each client that asks holds a thread while it does, so only a few may at the same time.
"""

from collections.abc import Iterator
from typing import Any

from google.protobuf import any_pb2, descriptor_pool, duration_pb2
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection, reflection_pb2

from protos.gen.sightline.v1 import vision_pb2
from webapp.grpc.exceptions import FrontError
from webapp.grpc.streams import OpenStreams

REFLECTIONS_MAX = 4
"""How many clients may ask at the same time."""
# Ours stand in a descriptor pool of their own, so all that a client may ask about is put together
# here; each file after those that it imports. The details of errors help clients to read them.
_FILES = (
    any_pb2,
    duration_pb2,
    status_pb2,
    error_details_pb2,
    health_pb2,
    reflection_pb2,
    vision_pb2,
)


class Reflection(reflection.ReflectionServicer):  # type: ignore[misc]  # the package is untyped
    """Describes services.

    Args:
        services: Their full names.
    """

    def __init__(self, services: tuple[str, ...]) -> None:
        pool = descriptor_pool.DescriptorPool()
        for file in _FILES:
            pool.AddSerializedFile(file.DESCRIPTOR.serialized_pb)
        super().__init__((*services, reflection.SERVICE_NAME), pool)
        self._streams = OpenStreams(REFLECTIONS_MAX)

    def ServerReflectionInfo(  # noqa: N802  the name of the method
        self, request_iterator: Iterator[Any], context: Any
    ) -> Iterator[Any]:
        """Answer questions about services."""
        try:
            with self._streams.place(_Cancellable(context)):
                yield from super().ServerReflectionInfo(request_iterator, context)
        except FrontError as error:
            context.abort(error.code, str(error))

    def drain(self) -> None:
        """End all calls."""
        self._streams.drain()


class _Cancellable:
    """A call that ends by being cancelled; there is nothing to lose."""

    def __init__(self, context: Any) -> None:
        self._context = context

    def finish(self, _error: Exception | None = None) -> None:
        """Cancel it."""
        self._context.cancel()
