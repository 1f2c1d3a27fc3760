"""What can be called: from the bytes of a request to the bytes of its response."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import DecodeError
from tensorflow_serving.apis.classification_pb2 import ClassificationRequest
from tensorflow_serving.apis.get_model_metadata_pb2 import GetModelMetadataRequest
from tensorflow_serving.apis.get_model_status_pb2 import GetModelStatusRequest
from tensorflow_serving.apis.inference_pb2 import MultiInferenceRequest
from tensorflow_serving.apis.model_management_pb2 import ReloadConfigRequest
from tensorflow_serving.apis.predict_pb2 import PredictRequest
from tensorflow_serving.apis.regression_pb2 import RegressionRequest

from model_server.call import Call
from model_server.classify import classify
from model_server.core import ServerCore
from model_server.h2_front.cutting import cut
from model_server.h2_front.settings import LightSettings
from model_server.metadata import model_metadata
from model_server.model_status import model_status
from model_server.multi_inference import multi_inference
from model_server.predict import response_of, run_signature
from model_server.regress import regress
from model_server.reload_config import reload_config
from model_server.runtimes import Tensor
from model_server.status import Code, ServingError
from model_server.tensors import TensorProto, fill_proto

_PREDICTION = "/tensorflow.serving.PredictionService/"
_MODEL = "/tensorflow.serving.ModelService/"

Contents = Mapping[str, memoryview]
"""The contents of large tensors that were taken out of a request, by alias."""


@dataclass(frozen=True, slots=True)
class Method:
    """A call.

    Attributes:
        name: What it is called in logs and metrics.
        request: The type of its request.
        run: Makes the response.
        has_tensors: Whether large tensors are taken out of the request.
    """

    name: str
    request: Any
    run: Callable[[Any, Contents, Call], Any]
    has_tensors: bool = False

    def parsed(self, message: memoryview) -> tuple[Any, Contents]:
        """Parse a request.

        Raises:
            ServingError: It is none.
        """
        rest, contents = cut(message) if self.has_tensors else (message, {})
        try:
            return self.request.FromString(rest), contents
        except DecodeError as error:
            raise ServingError(
                Code.INVALID_ARGUMENT, f"The request is no valid message: {error}"
            ) from error


def methods_of(core: ServerCore, settings: LightSettings) -> Mapping[str, Method]:
    """Return all calls by path."""
    checked = {"check_method_names": settings.check_method_names}

    def fill(_: str, proto: TensorProto, array: Tensor) -> None:
        fill_proto(proto, array, as_content=settings.as_content)

    def run_predict(request: Any, contents: Contents, call: Call) -> Any:
        predicted = run_signature(core, request, contents, call=call, **checked)
        with call.timed("encode"):
            return response_of(predicted, fill)

    def on_examples(run: Callable[..., Any]) -> Callable[[Any, Contents, Call], Any]:
        return lambda request, _, call: run(core, request, call=call, **checked)

    methods = (
        (_PREDICTION, Method("Predict", PredictRequest, run_predict, has_tensors=True)),
        (_PREDICTION, Method("Classify", ClassificationRequest, on_examples(classify))),
        (_PREDICTION, Method("Regress", RegressionRequest, on_examples(regress))),
        (
            _PREDICTION,
            Method("MultiInference", MultiInferenceRequest, on_examples(multi_inference)),
        ),
        (
            _PREDICTION,
            Method(
                "GetModelMetadata",
                GetModelMetadataRequest,
                lambda request, _, __: model_metadata(core, request),
            ),
        ),
        (
            _MODEL,
            Method(
                "GetModelStatus",
                GetModelStatusRequest,
                lambda request, _, __: model_status(core, request),
            ),
        ),
        (
            _MODEL,
            Method(
                "HandleReloadConfigRequest",
                ReloadConfigRequest,
                lambda request, _, call: reload_config(core, request, call),
            ),
        ),
    )
    return {service + method.name: method for service, method in methods}
