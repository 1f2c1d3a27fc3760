"""The server: its parts put together, started, and drained."""

import logging
import time
from typing import TYPE_CHECKING

from model_server.config import Flags
from model_server.config_file import config_file_of, initial_config
from model_server.core import ServerCore
from model_server.grpc_front import GrpcFront
from model_server.grpc_settings import GrpcSettings
from model_server.health import Health
from model_server.manager import AspiredVersionsManager, LoadRetry
from model_server.rest.front import RestFront
from model_server.rest.settings import RestSettings
from model_server.runtimes import Runtime
from model_server.source import FileSystemStoragePathSource
from model_server.tokens import authentication_of
from model_server.zmq_front.front import ZmqFront
from model_server.zmq_front.settings import ZmqSettings

if TYPE_CHECKING:
    from model_server.h2_front.front import LightFront

logger = logging.getLogger(__name__)


class ModelServer:
    """A model server in this process.

    Args:
        flags: What to serve, and how.
        runtime: Loads the models.
    """

    def __init__(self, flags: Flags, runtime: Runtime) -> None:
        self._flags = flags
        self._config_file = config_file_of(flags)
        self._health = Health()
        self._manager = AspiredVersionsManager(
            runtime,
            LoadRetry(
                flags.max_num_load_retries,
                interval_s=max(0, flags.load_retry_interval_micros) / 1e6,
                look_s=flags.file_system_poll_wait_seconds,
            ),
            self._health.set_model,
        )
        self._source = FileSystemStoragePathSource(
            self._manager.aspire, runtime.is_ready, flags.file_system_poll_wait_seconds
        )
        self._core = ServerCore(
            self._manager,
            self._source,
            allow_labels_for_unavailable=flags.allow_version_labels_for_unavailable_models,
        )
        self._authentication = authentication_of(flags)
        self._grpc = self._grpc_front()
        self._rest = RestFront(self._core, self._authentication, RestSettings.of(flags))
        self._zmq = ZmqFront(self._core, self._authentication, ZmqSettings.of(flags))

    def start(self) -> None:
        """Load the models, each of them once if it fails, then listen.

        Raises:
            ServingError: The configuration is invalid.
            ListenError: A port cannot be had.
        """
        flags = self._flags
        self._core.apply(initial_config(flags, self._config_file))
        self._source.start()
        if self._config_file:
            self._config_file.watch(flags.model_config_file_poll_wait_seconds, self._core.replace)
        self._authentication.start()
        self._grpc.start()
        if flags.rest_api_port and flags.rest_api_port == flags.port:
            logger.error("--rest_api_port is --port, %d: no HTTP/REST API", flags.port)
        elif flags.rest_api_port:
            self._rest.start(flags.host, flags.rest_api_port)
        if flags.zmq_port:
            self._zmq.start(flags.host, flags.zmq_port)

    def _grpc_front(self) -> "GrpcFront | LightFront":
        known = self._core, self._health, self._authentication
        if not self._flags.light_grpc:
            return GrpcFront(*known, GrpcSettings.of(self._flags))
        # Not at the top: it needs epoll, which only Linux has.
        from model_server.h2_front.front import LightFront  # noqa: PLC0415
        from model_server.h2_front.settings import LightSettings  # noqa: PLC0415

        return LightFront(*known, LightSettings.of(self._flags))

    def drain(self) -> None:
        """Accept nothing new, answer what was accepted within the grace period, and unload."""
        grace_s = self._flags.shutdown_grace_s
        started = time.monotonic()
        logger.info("Draining: no new calls; those under way may take %g s", grace_s)
        self._health.drain()
        self._rest.fall_unready()
        self._zmq.refuse()
        if self._config_file:
            self._config_file.stop()
        self._source.stop()
        self._authentication.stop()
        ended = self._grpc.drain(grace_s)
        self._rest.drain(grace_s)
        self._zmq.drain(max(0.0, grace_s - (time.monotonic() - started)))
        ended.wait()
        self._manager.close()
        logger.info("Drained in %.1f s", time.monotonic() - started)
