"""The gRPC front end: convert, call, convert."""

import functools
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from grpc_health.v1 import health_pb2_grpc
from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc
from tensorflow_serving.apis.model_management_pb2 import ReloadConfigResponse

from model_server.access_log import log_access
from model_server.core import ServerCore
from model_server.health import Health
from model_server.listening import ListenError, address
from model_server.metadata import model_metadata
from model_server.model_status import model_status
from model_server.predict import predict
from model_server.status import Code, ServingError, grpc_message

# ruff: noqa: N802  # methods bear the names of the calls they answer

logger = logging.getLogger(__name__)

Rpc = Callable[[Any, Any, grpc.ServicerContext], Any]

_STATUS_CODES = {Code(code.value[0]): code for code in grpc.StatusCode}

_SETTLE_S = 0.1  # far more than a call needs from a client's socket to our entrance
_NO_DEADLINE_S = 10.0**9  # a call without a deadline is said to have an eternity left

_SERVER_OPTIONS = (
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.so_reuseport", 0),  # or a second server would start and take half of the calls
    # Clients behind balancers and firewalls keep idle connections alive with pings; the default
    # takes more than one in five minutes for an attack.
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
)


def answered(method: Rpc) -> Rpc:
    """Wrap the method of a servicer: errors become its status, and each call a line in the log."""

    @functools.wraps(method)
    def call(servicer: Any, request: Any, context: grpc.ServicerContext) -> Any:
        started = time.perf_counter()
        response, error = None, None
        try:
            servicer.entrance.wait()
            _refuse_if_given_up(context)
            response = method(servicer, request, context)
        except ServingError as caught:
            error = caught
        except Exception:
            # The edge of the process: the client learns that we failed, the log learns why.
            logger.exception("%s failed", method.__name__)
            error = ServingError(Code.INTERNAL, f"{method.__name__} failed; see the server's log")
        spec = getattr(response, "model_spec", None) or getattr(request, "model_spec", None)
        log_access(method.__name__, spec, error, time.perf_counter() - started)
        if error:
            context.abort(_STATUS_CODES[error.code], grpc_message(error.message))
        return response

    return call


def _refuse_if_given_up(context: grpc.ServicerContext) -> None:
    """Drop a call whose client has left or whose deadline passed while it was queued."""
    if _remaining_s(context) == 0:
        raise ServingError(Code.DEADLINE_EXCEEDED, "Deadline exceeded before the call was started")
    if not context.is_active():
        raise ServingError(Code.CANCELLED, "Cancelled before the call was started")


def _remaining_s(context: grpc.ServicerContext) -> float | None:
    """Return the seconds left until the caller's deadline; `None` without one."""
    remaining_s = context.time_remaining()
    return remaining_s if remaining_s < _NO_DEADLINE_S else None


class PredictionService(
    prediction_service_pb2_grpc.PredictionServiceServicer  # type: ignore[misc]  # untyped
):
    """Answers for `tensorflow.serving.PredictionService`."""

    def __init__(self, core: ServerCore, entrance: threading.Event, *, as_content: bool) -> None:
        self.entrance = entrance
        self._core = core
        self._as_content = as_content

    @answered
    def Predict(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Run a signature of a model."""
        return predict(
            self._core, request, as_content=self._as_content, timeout_s=_remaining_s(context)
        )

    @answered
    def GetModelMetadata(self, request: Any, _context: grpc.ServicerContext) -> Any:
        """Return the signatures of a model."""
        return model_metadata(self._core, request)


class ModelService(
    model_service_pb2_grpc.ModelServiceServicer  # type: ignore[misc]  # untyped
):
    """Answers for `tensorflow.serving.ModelService`."""

    def __init__(self, core: ServerCore, entrance: threading.Event) -> None:
        self.entrance = entrance
        self._core = core

    @answered
    def GetModelStatus(self, request: Any, _context: grpc.ServicerContext) -> Any:
        """Return the states of a model's versions."""
        return model_status(self._core, request)

    @answered
    def HandleReloadConfigRequest(self, request: Any, _context: grpc.ServicerContext) -> Any:
        """Replace the set of served models."""
        self._core.reload(request.config)
        response = ReloadConfigResponse()
        response.status.SetInParent()
        return response


class GrpcFront:
    """The gRPC server.

    Args:
        core: Where the models are.
        health: The health service to offer beside them.
        threads: How many calls run at once; the others wait.
        as_content: Encode output tensors as `tensor_content`.
    """

    def __init__(self, core: ServerCore, health: Health, *, threads: int, as_content: bool) -> None:
        pool = ThreadPoolExecutor(threads, thread_name_prefix="grpc")
        self._server = grpc.server(pool, options=_SERVER_OPTIONS)
        self._entrance = threading.Event()
        self._entrance.set()
        prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
            PredictionService(core, self._entrance, as_content=as_content), self._server
        )
        model_service_pb2_grpc.add_ModelServiceServicer_to_server(
            ModelService(core, self._entrance), self._server
        )
        health_pb2_grpc.add_HealthServicer_to_server(health, self._server)

    def start(self, host: str, port: int) -> None:
        """Listen, and answer calls from now on.

        Raises:
            ListenError: The port cannot be had.
        """
        try:
            self._server.add_insecure_port(address(host, port))
        except RuntimeError as error:
            raise ListenError(f"Cannot listen at {address(host, port)}: {error}") from error
        self._server.start()
        logger.info("Running gRPC ModelServer at %s ...", address(host, port))

    def drain(self, grace_s: float) -> threading.Event:
        """Refuse new calls, and end those that take longer than the grace period.

        gRPC cancels the calls that it has received, but not handed over yet, when it stops. So for
        a moment calls wait at the entrance: soon each client waits for an answer instead of
        sending the next call. Then gRPC stops, which tells clients to go elsewhere, and the calls
        that wait are answered.

        Returns:
            An event that is set once no call is left.
        """
        self._entrance.clear()
        time.sleep(_SETTLE_S)
        ended = self._server.stop(grace_s)
        self._entrance.set()
        return ended
