"""GetModelMetadata: what a model can be asked."""

from tensorflow_serving.apis.get_model_metadata_pb2 import (
    GetModelMetadataRequest,
    GetModelMetadataResponse,
    SignatureDefMap,
)

from model_server.core import ServerCore, model_spec_of
from model_server.status import Code, ServingError

SIGNATURE_DEF = "signature_def"


def model_metadata(core: ServerCore, request: GetModelMetadataRequest) -> GetModelMetadataResponse:
    """Return the signatures of one version of a model.

    Raises:
        ServingError: There is no such version, or the request asks for something else.
    """
    spec = model_spec_of(request)
    _check_fields(request)
    with core.use(spec) as (servable_id, servable):
        signatures = SignatureDefMap()
        for name, signature in servable.signatures.items():
            signatures.signature_def[name].CopyFrom(signature)
            # They can be large, so the original keeps them to itself since 2.20.
            signatures.signature_def[name].ClearField("defaults")
    response = GetModelMetadataResponse()
    response.model_spec.name = servable_id.name
    response.model_spec.version.value = servable_id.version
    response.metadata[SIGNATURE_DEF].Pack(signatures)
    return response


def _check_fields(request: GetModelMetadataRequest) -> None:
    if not request.metadata_field:
        raise ServingError(
            Code.INVALID_ARGUMENT,
            "GetModelMetadataRequest must specify at least one metadata_field",
        )
    for field in request.metadata_field:
        if field != SIGNATURE_DEF:
            raise ServingError(Code.INVALID_ARGUMENT, f"Metadata field {field} is not supported")
