"""The calls of the API as pure values: what each one sends and how its answer is read.

A call knows nothing of channels, deadlines or retries. Whoever carries it (`_transport`) asks for
its bytes and hands back those of the answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol, TypeVar

from google.protobuf.message import DecodeError, Message

from protos.gen.tensorflow.core.protobuf import meta_graph_pb2
from protos.gen.tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_management_pb2,
    model_pb2,
    predict_pb2,
)
from protos.gen.tensorflow_serving.config import model_server_config_pb2
from serving_client import _wire
from serving_client._dtypes import type_name
from serving_client._tensor import Part, decode_tensor, encode_tensor
from serving_client._values import (
    DEFAULT_SIGNATURE,
    Array,
    ModelMetadata,
    ModelRef,
    ModelState,
    ServedModel,
    Signature,
    TensorSpec,
    VersionStatus,
)
from serving_client.exceptions import AnswerError

__all__ = ["Call", "MetadataCall", "PredictAnswer", "PredictCall", "ReloadCall", "StatusCall"]

R_co = TypeVar("R_co", covariant=True)
M = TypeVar("M", bound=Message)

_SIGNATURE_DEF = "signature_def"


class Call(Protocol[R_co]):
    """One request of the API, of any kind.

    Attributes:
        rpc: name of the method.
        model: which model it is about; None if about all.
    """

    @property
    def rpc(self) -> str: ...
    @property
    def model(self) -> ModelRef | None: ...

    def encode(self) -> bytes:
        """The bytes of the request message."""

    def decode(self, answer: bytes) -> R_co:
        """The meaning of the answer's bytes.

        Raises:
            AnswerError: they have none.
        """


def model_spec(model: ModelRef) -> model_pb2.ModelSpec:
    """The message for a model reference."""
    spec = model_pb2.ModelSpec(name=model.name, signature_name=model.signature)
    if model.version is not None:
        spec.version.value = model.version
    return spec


def model_ref(spec: model_pb2.ModelSpec) -> ModelRef:
    """The reference that a server's message stands for."""
    version = spec.version.value if spec.HasField("version") else None
    try:
        return ModelRef(spec.name, version, spec.signature_name or DEFAULT_SIGNATURE)
    except ValueError as error:
        raise AnswerError(f"the answer names no model: {error}") from error


def _parse(message: M, data: bytes) -> M:
    try:
        message.ParseFromString(data)
    except DecodeError as error:
        raise AnswerError(f"the answer is no {type(message).__name__}: {error}") from error
    return message


@dataclass(frozen=True, slots=True, eq=False)
class PredictAnswer:
    """Outputs by name, and the model, version and signature they come from."""

    outputs: Mapping[str, Array]
    model: ModelRef


@dataclass(frozen=True, slots=True, eq=False)
class PredictCall:
    """Predict.

    Attributes:
        model: which model, version and signature.
        inputs: arrays by the signature's names.
        output_names: the outputs wanted; empty means all.
    """

    model: ModelRef
    inputs: Mapping[str, Array]
    output_names: tuple[str, ...] = ()
    rpc: ClassVar[str] = "Predict"

    def encode(self) -> bytes:
        """The request, with each array copied once."""
        head = predict_pb2.PredictRequest(
            model_spec=model_spec(self.model), output_filter=self.output_names
        )
        parts: list[Part] = [head.SerializeToString()]
        for name, array in self.inputs.items():
            parts += _map_entry(name, encode_tensor(array))
        return b"".join(parts)

    def decode(self, answer: bytes) -> PredictAnswer:
        """The outputs, each of its own memory."""
        outputs: dict[str, Array] = {}
        spec = model_pb2.ModelSpec()
        for field, kind, value in _wire.fields(memoryview(answer)):
            if kind != _wire.LENGTH:
                continue
            if field == predict_pb2.PredictResponse.OUTPUTS_FIELD_NUMBER:
                name, array = _read_map_entry(value)
                outputs[name] = array
            elif field == predict_pb2.PredictResponse.MODEL_SPEC_FIELD_NUMBER:
                _parse(spec, bytes(value))
        return PredictAnswer(outputs, model_ref(spec))


_ENTRY = predict_pb2.PredictRequest.InputsEntry


def _map_entry(name: str, tensor: list[Part]) -> list[Part]:
    """The pieces of one entry of `PredictRequest.inputs`."""
    key = name.encode()
    key_part = _wire.length_header(_ENTRY.KEY_FIELD_NUMBER, len(key)) + key
    size = sum(map(len, tensor))
    value_header = _wire.length_header(_ENTRY.VALUE_FIELD_NUMBER, size)
    entry_size = len(key_part) + len(value_header) + size
    entry_header = _wire.length_header(predict_pb2.PredictRequest.INPUTS_FIELD_NUMBER, entry_size)
    return [entry_header, key_part, value_header, *tensor]


def _read_map_entry(data: memoryview) -> tuple[str, Array]:
    name, tensor = "", memoryview(b"")
    for field, kind, value in _wire.fields(data):
        if field == _ENTRY.KEY_FIELD_NUMBER and kind == _wire.LENGTH:
            name = str(value, "utf-8", "replace")
        elif field == _ENTRY.VALUE_FIELD_NUMBER and kind == _wire.LENGTH:
            tensor = value
    return name, decode_tensor(tensor)


@dataclass(frozen=True, slots=True)
class StatusCall:
    """GetModelStatus: of one version, or of all where the reference names none."""

    model: ModelRef
    rpc: ClassVar[str] = "GetModelStatus"

    def encode(self) -> bytes:
        """The request."""
        request = get_model_status_pb2.GetModelStatusRequest(model_spec=model_spec(self.model))
        request.model_spec.ClearField("signature_name")
        return request.SerializeToString()

    def decode(self, answer: bytes) -> tuple[VersionStatus, ...]:
        """The versions, newest first."""
        message = _parse(get_model_status_pb2.GetModelStatusResponse(), answer)
        statuses = (
            VersionStatus(
                each.version, _state(each.state), each.status.error_code, each.status.error_message
            )
            for each in message.model_version_status
        )
        return tuple(sorted(statuses, key=lambda status: -status.version))


def _state(number: int) -> ModelState:
    known = ModelState.__members__.values()
    return ModelState(number) if number in known else ModelState.UNKNOWN


@dataclass(frozen=True, slots=True)
class MetadataCall:
    """GetModelMetadata: the signatures of a version."""

    model: ModelRef
    rpc: ClassVar[str] = "GetModelMetadata"

    def encode(self) -> bytes:
        """The request."""
        request = get_model_metadata_pb2.GetModelMetadataRequest(
            model_spec=model_spec(self.model), metadata_field=[_SIGNATURE_DEF]
        )
        return request.SerializeToString()

    def decode(self, answer: bytes) -> ModelMetadata:
        """The signatures, in the order of their names."""
        message = _parse(get_model_metadata_pb2.GetModelMetadataResponse(), answer)
        packed = message.metadata[_SIGNATURE_DEF]
        signatures = _parse(get_model_metadata_pb2.SignatureDefMap(), packed.value).signature_def
        return ModelMetadata(
            model_ref(message.model_spec),
            {name: _signature(name, signatures[name]) for name in sorted(signatures)},
        )


def _signature(name: str, message: meta_graph_pb2.SignatureDef) -> Signature:
    def specs(infos: Mapping[str, meta_graph_pb2.TensorInfo]) -> dict[str, TensorSpec]:
        return {key: _tensor_spec(key, infos[key]) for key in sorted(infos)}

    return Signature(name, message.method_name, specs(message.inputs), specs(message.outputs))


def _tensor_spec(name: str, info: meta_graph_pb2.TensorInfo) -> TensorSpec:
    shape = info.tensor_shape
    sizes = tuple(dim.size if dim.size >= 0 else None for dim in shape.dim)
    return TensorSpec(name, type_name(info.dtype), None if shape.unknown_rank else sizes)


@dataclass(frozen=True, slots=True)
class ReloadCall:
    """HandleReloadConfigRequest: replaces the whole set of served models."""

    models: tuple[ServedModel, ...]
    model: ClassVar[ModelRef | None] = None
    rpc: ClassVar[str] = "HandleReloadConfigRequest"

    def encode(self) -> bytes:
        """The request."""
        request = model_management_pb2.ReloadConfigRequest()
        request.config.model_config_list.SetInParent()  # an empty list is a list, too
        for served in self.models:
            request.config.model_config_list.config.append(_model_config(served))
        return request.SerializeToString()

    def decode(self, answer: bytes) -> tuple[int, str]:
        """Status code and message: the server answers a refusal with an OK of gRPC's."""
        message = _parse(model_management_pb2.ReloadConfigResponse(), answer)
        return message.status.error_code, message.status.error_message


def _model_config(served: ServedModel) -> model_server_config_pb2.ModelConfig:
    config = model_server_config_pb2.ModelConfig(
        name=served.name, base_path=served.base_path, model_platform="tensorflow"
    )
    if served.versions:
        config.model_version_policy.specific.versions.extend(served.versions)
    return config
