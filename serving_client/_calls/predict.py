"""Predict: named tensors in, named tensors out."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

from protos.gen.tensorflow_serving.apis import model_pb2, predict_pb2
from serving_client import _wire
from serving_client._calls.call import model_ref, model_spec, parse
from serving_client._calls.layout import LayoutMemory
from serving_client._dtypes import STRING, by_dtype
from serving_client._tensor import Part, encode_tensor, owned, split_tensor, tensor_view
from serving_client._values import Array, ModelRef

__all__ = ["PredictAnswer", "PredictCall"]

_REMEMBERED = 1024


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
        parts: list[Part] = [_head(self.model, self.output_names)]
        for name, array in self.inputs.items():
            parts += _map_entry(name, encode_tensor(array))
        return b"".join(parts)

    def encode_apart(self, bytes_min: int) -> tuple[bytes, Mapping[str, memoryview]]:
        """The request without the elements of its large arrays, and these elements by name.

        Args:
            bytes_min: which arrays of numbers are large.

        Returns:
            Views of the arrays' own memory where it is as TensorFlow has it.
        """
        parts: list[Part] = [_head(self.model, self.output_names)]
        contents = {}
        for name, array in self.inputs.items():
            if array.nbytes < bytes_min or by_dtype(array.dtype) is STRING:
                parts += _map_entry(name, encode_tensor(array))
            else:
                head, contents[name] = split_tensor(array)
                parts += _map_entry(name, [head])
        return b"".join(parts), contents

    def decode(self, answer: bytes) -> PredictAnswer:
        """The outputs, each of its own memory."""
        memory = _layouts(self.model, self.output_names)
        known = memory.read(answer)
        if known is not None:
            return PredictAnswer(*known)
        read = _read(answer, {})
        memory.learn(answer, read.outputs, read.model)
        return _owned(read)

    def decode_apart(self, answer: bytes, contents: Mapping[str, memoryview]) -> PredictAnswer:
        """The outputs, of which some came beside the answer.

        Args:
            answer: the bytes of the answer.
            contents: the elements that came beside it, by the names of outputs.

        Returns:
            Outputs of their own memory, or of that of `contents`.
        """
        return _owned(_read(answer, contents))


_INPUTS = predict_pb2.PredictRequest.INPUTS_FIELD_NUMBER
_OUTPUTS = predict_pb2.PredictResponse.OUTPUTS_FIELD_NUMBER
_MODEL_SPEC = predict_pb2.PredictResponse.MODEL_SPEC_FIELD_NUMBER
_KEY = predict_pb2.PredictRequest.InputsEntry.KEY_FIELD_NUMBER
_VALUE = predict_pb2.PredictRequest.InputsEntry.VALUE_FIELD_NUMBER


@lru_cache(maxsize=_REMEMBERED)
def _head(model: ModelRef, output_names: tuple[str, ...]) -> bytes:
    """A request without inputs: the same for every call of a kind."""
    request = predict_pb2.PredictRequest(model_spec=model_spec(model), output_filter=output_names)
    return request.SerializeToString()


@lru_cache(maxsize=_REMEMBERED)
def _layouts(model: ModelRef, output_names: tuple[str, ...]) -> LayoutMemory:
    """How answers to such calls were laid out so far."""
    del model, output_names  # they tell one memory from another
    return LayoutMemory()


def _read(answer: bytes, contents: Mapping[str, memoryview]) -> PredictAnswer:
    """The answer, with outputs that may be views of it."""
    outputs: dict[str, Array] = {}
    spec = b""
    for field, kind, value in _wire.fields(memoryview(answer)):
        if kind != _wire.LENGTH:
            continue
        if field == _OUTPUTS:
            name, array = _read_map_entry(value, contents)
            outputs[name] = array
        elif field == _MODEL_SPEC:
            spec += bytes(value)  # pieces of a message add up to it
    return PredictAnswer(outputs, _answering(spec))


def _owned(read: PredictAnswer) -> PredictAnswer:
    outputs = {name: owned(array) for name, array in read.outputs.items()}
    return PredictAnswer(outputs, read.model)


@lru_cache(maxsize=_REMEMBERED)
def _answering(spec: bytes) -> ModelRef:
    """Who answers: the same as long as no other version takes over."""
    return model_ref(parse(model_pb2.ModelSpec(), spec))


def _map_entry(name: str, tensor: list[Part]) -> list[Part]:
    """The pieces of one entry of `PredictRequest.inputs`."""
    return [_before_tensor(name, sum(map(len, tensor))), *tensor]


@lru_cache(maxsize=_REMEMBERED)
def _before_tensor(name: str, size: int) -> bytes:
    key = name.encode()
    key_part = _wire.length_header(_KEY, len(key)) + key
    value_header = _wire.length_header(_VALUE, size)
    entry_size = len(key_part) + len(value_header) + size
    return _wire.length_header(_INPUTS, entry_size) + key_part + value_header


def _read_map_entry(data: memoryview, contents: Mapping[str, memoryview]) -> tuple[str, Array]:
    name, tensor = "", memoryview(b"")
    for field, kind, value in _wire.fields(data):
        if field == _KEY and kind == _wire.LENGTH:
            name = str(value, "utf-8", "replace")
        elif field == _VALUE and kind == _wire.LENGTH:
            tensor = value
    return name, tensor_view(tensor, contents.get(name))
