"""GetModelStatus: where the versions of a model stand."""

from tensorflow_serving.apis.get_model_status_pb2 import (
    GetModelStatusRequest,
    GetModelStatusResponse,
)

from model_server.core import ServerCore, model_spec_of
from model_server.servable import VersionState
from model_server.status import Code, ServingError


def model_status(core: ServerCore, request: GetModelStatusRequest) -> GetModelStatusResponse:
    """Return the state of one version of a model, or of all, the newest first.

    As in the original, a version label in the request is ignored.

    Raises:
        ServingError: The model or the version is unknown.
    """
    spec = model_spec_of(request)
    states = core.states(spec.name)
    if spec.WhichOneof("version_choice") == "version":
        version = spec.version.value
        states = [state for state in states if state.id.version == version]
        missing = f"Could not find version {version} of model {spec.name}"
    else:
        missing = f"Could not find any versions of model {spec.name}"
    if not states:
        raise ServingError(Code.NOT_FOUND, missing)
    return status_response(states)


def status_response(states: list[VersionState]) -> GetModelStatusResponse:
    """Write down where versions stand."""
    response = GetModelStatusResponse()
    for each in states:
        status = response.model_version_status.add(version=each.id.version, state=each.state)
        status.status.SetInParent()
        if each.error:
            status.status.error_code = each.error.code
            status.status.error_message = each.error.message
    return response
