"""A client for TensorFlow Serving that does without TensorFlow.

    from serving_client import ModelRef, ServingClient, Target

    with ServingClient(Target.parse("127.0.0.1:8500")) as client:
        result = client.predict(ModelRef("ssd"), {"input_tensor": image_nhwc})
        print(result["detection_scores"], result.model.version, result.timings)

Three storeys, each knowing only the one below: `_client` (deadline, retries, checks), `_transport`
with `_grpc_transport` (one attempt), `_calls` with `_tensor` and `_wire` (what the bytes mean).
"""

from serving_client._client import ServingClient
from serving_client._config import ENVIRONMENT, ClientConfig, Limits, Retry, Target, Timeouts, Tls
from serving_client._transport import Reply, Transport, TransportError
from serving_client._values import (
    DEFAULT_SIGNATURE,
    Array,
    ModelMetadata,
    ModelRef,
    ModelState,
    PredictResult,
    ServedModel,
    Signature,
    TensorSpec,
    Timings,
    VersionStatus,
)
from serving_client.exceptions import (
    AbortedError,
    AlreadyExistsError,
    AnswerError,
    CancelledError,
    ClientClosedError,
    ConfigError,
    DataLossError,
    DeadlineExceededError,
    FailedPreconditionError,
    InternalError,
    InvalidArgumentError,
    ModelNotReadyError,
    NotFoundError,
    OutOfRangeError,
    PermissionDeniedError,
    ResourceExhaustedError,
    RpcContext,
    RpcError,
    ServingError,
    SignatureMismatchError,
    UnauthenticatedError,
    UnavailableError,
    UnimplementedError,
    UnknownError,
)

__all__ = [
    "DEFAULT_SIGNATURE",
    "ENVIRONMENT",
    "AbortedError",
    "AlreadyExistsError",
    "AnswerError",
    "Array",
    "CancelledError",
    "ClientClosedError",
    "ClientConfig",
    "ConfigError",
    "DataLossError",
    "DeadlineExceededError",
    "FailedPreconditionError",
    "InternalError",
    "InvalidArgumentError",
    "Limits",
    "ModelMetadata",
    "ModelNotReadyError",
    "ModelRef",
    "ModelState",
    "NotFoundError",
    "OutOfRangeError",
    "PermissionDeniedError",
    "PredictResult",
    "Reply",
    "ResourceExhaustedError",
    "Retry",
    "RpcContext",
    "RpcError",
    "ServedModel",
    "ServingClient",
    "ServingError",
    "Signature",
    "SignatureMismatchError",
    "Target",
    "TensorSpec",
    "Timeouts",
    "Timings",
    "Tls",
    "Transport",
    "TransportError",
    "UnauthenticatedError",
    "UnavailableError",
    "UnimplementedError",
    "UnknownError",
    "VersionStatus",
]
