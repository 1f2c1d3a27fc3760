"""The gRPC server: listens, answers, and finishes what it took before it stops."""

import time
from concurrent.futures import ThreadPoolExecutor

import grpc
from grpc_health.v1 import health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2_grpc

from protos.gen.sightline.v1 import vision_pb2, vision_pb2_grpc
from webapp.exceptions import ListenError
from webapp.grpc.call import Calls
from webapp.grpc.door import Door
from webapp.grpc.health import Health
from webapp.grpc.reflection import REFLECTIONS_MAX, Reflection
from webapp.grpc.servicer import VisionService
from webapp.grpc.settings import GrpcSettings
from webapp.grpc.streams import OpenStreams
from webapp.services import Services

SERVICE = vision_pb2.DESCRIPTOR.services_by_name["VisionService"].full_name
HEALTH = "grpc.health.v1.Health"
# A message up to this many times the limit is read, so that its sender gets our sentence.
_READ_FACTOR = 4
_MESSAGE_BYTES = 64 * 1024  # what may stand beside a picture
_DRAIN_MARGIN_S = 5.0
# How long calls that gRPC has received need to be handed over.
_SETTLE_S = 0.1
_IDENTITY_ONLY = 1  # a bit for each way of compression; the lowest one is "none"
_KEEPALIVE_MS = 60_000


class GrpcFront:
    """Serves `sightline.v1.VisionService`, health and reflection until it is stopped.

    Args:
        parts: What the web application works with, too.
        settings: Where it listens, and how much it takes.
        credentials: For TLS; None for none.

    Attributes:
        port: Where it listens, once it does.
    """

    def __init__(
        self,
        parts: Services,
        settings: GrpcSettings,
        *,
        credentials: grpc.ServerCredentials | None = None,
    ) -> None:
        self._settings = settings
        self._credentials = credentials
        self._calls = Calls(Door(parts.keys, settings))
        self.streams = OpenStreams(settings.grpc_streams_max)
        self._health = Health(("", SERVICE))
        self._reflection = Reflection((SERVICE, HEALTH))
        self._server = self._make()
        self.port = 0
        vision_pb2_grpc.add_VisionServiceServicer_to_server(
            VisionService(parts, settings, self._calls, self.streams), self._server
        )
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        reflection_pb2_grpc.add_ServerReflectionServicer_to_server(self._reflection, self._server)

    def start(self) -> None:
        """Listen, and answer calls from now on.

        Raises:
            ListenError: The address cannot be had, or the credentials are no good.
        """
        host = self._settings.grpc_host
        where = f"[{host}]:" if ":" in host else f"{host}:"
        where += str(self._settings.grpc_port)
        try:
            if self._credentials:
                self.port = self._server.add_secure_port(where, self._credentials)
            else:
                self.port = self._server.add_insecure_port(where)
        except RuntimeError as error:
            hint = " Do key and certificate fit each other?" if self._credentials else ""
            raise ListenError(
                f"Cannot listen on {where}: is the port taken? Choose another with --port.{hint}"
            ) from error
        self._server.start()

    def stop(self, *, grace_s: float | None = None) -> None:
        """Take no more, finish what was taken, and return when that is done.

        gRPC cancels the calls that it has received, but not handed over yet, when it stops. So for
        a moment calls wait at the entrance, and go on once gRPC has told clients to go elsewhere.

        Args:
            grace_s: What takes longer is cancelled; None for as long as a model may take.
        """
        self._health.drain()
        self._reflection.drain()
        self._calls.entrance.clear()
        time.sleep(_SETTLE_S)
        default_s = self._settings.call_timeout_s + _DRAIN_MARGIN_S
        ended = self._server.stop(default_s if grace_s is None else grace_s)
        self._calls.entrance.set()
        self.streams.drain()
        ended.wait()

    def _make(self) -> grpc.Server:
        settings = self._settings
        threads = settings.grpc_threads + settings.grpc_streams_max + REFLECTIONS_MAX
        message_bytes = _READ_FACTOR * settings.upload_bytes_max + _MESSAGE_BYTES
        return grpc.server(
            ThreadPoolExecutor(threads, thread_name_prefix="grpc"),
            maximum_concurrent_rpcs=threads,
            options=(
                ("grpc.max_receive_message_length", message_bytes),
                # Two servers on one port would each get some of the calls.
                ("grpc.so_reuseport", 0),
                # Pictures are compressed already, and gRPC bounds what arrives, not what becomes
                # of it.
                ("grpc.compression_enabled_algorithms_bitset", _IDENTITY_ONLY),
                ("grpc.keepalive_time_ms", _KEEPALIVE_MS),
            ),
        )
