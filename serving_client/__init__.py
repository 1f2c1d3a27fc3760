"""A client for TensorFlow Serving that does without TensorFlow.

    from serving_client import ModelRef, ServingClient, Target

    with ServingClient(Target.parse("127.0.0.1:8500")) as client:
        result = client.predict(ModelRef("ssd"), {"input_tensor": image_nhwc})
        print(result["detection_scores"], result.model.version, result.timings)

Storeys, each knowing only those below: `_client` and `_aio` (who waits, and how), `_core` with
`_sending` (what is decided: checks, deadline, retries, which server), `_transport` with its kinds
(one attempt), `_calls` with `_tensor` and `_wire` (what the bytes mean).
"""

from serving_client._aio import AsyncServingClient
from serving_client._client import ServingClient
from serving_client._config import ClientConfig, Hedge, Limits, Retry, Timeouts, Tls
from serving_client._environment import ENVIRONMENT
from serving_client._headers import HeaderSource, TokenFile
from serving_client._observing import AttemptInfo, CallEnd, CallObserver, CallStart, Observer
from serving_client._opentelemetry import OpenTelemetryObserver
from serving_client._prometheus import PrometheusObserver
from serving_client._target import Target
from serving_client._telemetry import Observers
from serving_client._transport import (
    AsyncTransport,
    Cancellation,
    Headers,
    Reply,
    Transport,
    TransportError,
)
from serving_client._values import (
    DEFAULT_SIGNATURE,
    Array,
    ClassifyResult,
    ModelMetadata,
    ModelRef,
    ModelState,
    MultiInferenceResult,
    PredictResult,
    RegressResult,
    ScoredClass,
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
    MessageTooLargeError,
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
    "AsyncServingClient",
    "AsyncTransport",
    "AttemptInfo",
    "CallEnd",
    "CallObserver",
    "CallStart",
    "Cancellation",
    "CancelledError",
    "ClassifyResult",
    "ClientClosedError",
    "ClientConfig",
    "ConfigError",
    "DataLossError",
    "DeadlineExceededError",
    "FailedPreconditionError",
    "HeaderSource",
    "Headers",
    "Hedge",
    "InternalError",
    "InvalidArgumentError",
    "Limits",
    "MessageTooLargeError",
    "ModelMetadata",
    "ModelNotReadyError",
    "ModelRef",
    "ModelState",
    "MultiInferenceResult",
    "NotFoundError",
    "Observer",
    "Observers",
    "OpenTelemetryObserver",
    "OutOfRangeError",
    "PermissionDeniedError",
    "PredictResult",
    "PrometheusObserver",
    "RegressResult",
    "Reply",
    "ResourceExhaustedError",
    "Retry",
    "RpcContext",
    "RpcError",
    "ScoredClass",
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
    "TokenFile",
    "Transport",
    "TransportError",
    "UnauthenticatedError",
    "UnavailableError",
    "UnimplementedError",
    "UnknownError",
    "VersionStatus",
]
