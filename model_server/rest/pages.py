"""Documents about models and about the server."""

import json
from typing import Any

from google.protobuf.json_format import MessageToDict
from tensorflow_serving.apis.get_model_metadata_pb2 import GetModelMetadataRequest, SignatureDefMap
from tensorflow_serving.apis.get_model_status_pb2 import GetModelStatusRequest
from tensorflow_serving.apis.model_pb2 import ModelSpec

from model_server.core import ServerCore
from model_server.metadata import SIGNATURE_DEF, model_metadata
from model_server.model_config import ModelConfig
from model_server.model_status import model_status, status_response
from model_server.servable import State

Document = dict[str, Any]


def page_text(document: Document) -> str:
    """Write a document as the original writes its messages: indented by one blank."""
    return json.dumps(document, indent=1) + "\n"


def status_page(core: ServerCore, spec: ModelSpec) -> Document:
    """Tell where the versions of a model stand.

    Raises:
        ServingError: The model or the version is unknown.
    """
    return _as_dict(model_status(core, GetModelStatusRequest(model_spec=spec)))


def metadata_page(core: ServerCore, spec: ModelSpec) -> Document:
    """Tell what a version of a model can be asked, and write which version that is into `spec`.

    Raises:
        ServingError: There is no such version.
    """
    request = GetModelMetadataRequest(model_spec=spec, metadata_field=[SIGNATURE_DEF])
    response = model_metadata(core, request)
    spec.version.value = response.model_spec.version.value
    signatures = SignatureDefMap()
    response.metadata[SIGNATURE_DEF].Unpack(signatures)
    return {
        "model_spec": _as_dict(response.model_spec),
        "metadata": {SIGNATURE_DEF: _as_dict(signatures)},
    }


def models_page(core: ServerCore, _spec: ModelSpec) -> Document:
    """Tell about all models: their versions, and which labels name which."""
    return {"models": [_model(core, model) for model in core.models]}


def _model(core: ServerCore, model: ModelConfig) -> Document:
    return {
        "name": model.name,
        **_as_dict(status_response(core.states(model.name))),
        "version_labels": {label: str(version) for label, version in model.labels.items()},
    }


def unready_models(core: ServerCore) -> list[str]:
    """Name the models that should be served and have no available version."""
    return [
        model.name
        for model in core.models
        if all(each.state is not State.AVAILABLE for each in core.states(model.name))
    ]


def _as_dict(message: Any) -> Document:
    return MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
