"""Looking at the signatures of a SavedModel without TensorFlow, which takes seconds to import.

The numbers of the few fields read here stand in tensorflow/core/protobuf/saved_model.proto and
meta_graph.proto, and cannot change without making every SavedModel unreadable.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import DecodeError
from google.protobuf.unknown_fields import UnknownFieldSet

from pipeline.exceptions import ArchiveError
from pipeline.unpack import READY_FILE
from vision import ClassificationOutputs, DetectionOutputs, InputSpec

_META_GRAPHS = 2  # of SavedModel
_SIGNATURE_DEF = 5  # of MetaGraphDef, a map
_KEY, _VALUE = 1, 2  # of an entry of any map
_INPUTS, _OUTPUTS = 1, 2  # of SignatureDef, maps
_DTYPE = 2  # of TensorInfo
_VARINT, _BYTES = 0, 2  # wire types
# numpy's names of the types that pictures come in, by TensorFlow's number.
_DTYPE_NAMES = {1: "float32", 4: "uint8", 7: "string"}


@dataclass(frozen=True, slots=True)
class SavedSignature:
    """A function of a SavedModel.

    Attributes:
        inputs: Type by tensor name, such as `{"input_tensor": "uint8"}`.
        outputs: The same for the outputs.
    """

    inputs: Mapping[str, str]
    outputs: Mapping[str, str]


def check_signature(
    data: bytes, spec: InputSpec, outputs: ClassificationOutputs | DetectionOutputs
) -> None:
    """Make sure that a SavedModel can be called as its card will say.

    Args:
        data: The content of `saved_model.pb`.
        spec: How the model is to be called.
        outputs: What its answers are called.

    Raises:
        ArchiveError: It is no SavedModel, or has another signature.
    """
    signatures = read_signatures(data)
    if spec.signature not in signatures:
        raise ArchiveError(
            f"The SavedModel has no signature {spec.signature}, only {_listed(signatures)}."
        )
    signature = signatures[spec.signature]
    inputs = signature.inputs
    if inputs != {spec.tensor: spec.dtype}:
        raise ArchiveError(
            f"The SavedModel does not take {spec.tensor} ({spec.dtype}), it takes "
            f"{_listed(f'{name} ({dtype})' for name, dtype in inputs.items())}."
        )
    missing = set(outputs.names) - signature.outputs.keys()
    if missing:
        raise ArchiveError(
            f"The SavedModel does not answer {_listed(missing)}, only {_listed(signature.outputs)}."
        )


def read_signatures(data: bytes) -> dict[str, SavedSignature]:
    """Return the signatures of a SavedModel by name.

    Args:
        data: The content of `saved_model.pb`.

    Raises:
        ArchiveError: It is no SavedModel.
    """
    try:
        return {
            name: SavedSignature(_dtypes(signature, _INPUTS), _dtypes(signature, _OUTPUTS))
            for graph in _fields(data, _META_GRAPHS)
            for name, signature in _map(graph, _SIGNATURE_DEF).items()
        }
    except (DecodeError, IndexError, UnicodeDecodeError) as error:
        raise ArchiveError(f"{READY_FILE} is damaged: {error}.") from error


def _dtypes(signature: bytes, number: int) -> dict[str, str]:
    tensors = _map(signature, number).items()
    numbers = {name: sum(_fields(info, _DTYPE, wire_type=_VARINT)) for name, info in tensors}
    return {name: _DTYPE_NAMES.get(dtype, f"type {dtype}") for name, dtype in numbers.items()}


def _map(message: bytes, number: int) -> dict[str, bytes]:
    entries = _fields(message, number)
    return {_fields(entry, _KEY)[0].decode(): _fields(entry, _VALUE)[0] for entry in entries}


def _fields(message: bytes, number: int, wire_type: int = _BYTES) -> list[Any]:
    """Return the values of a field of a message: each is unknown to the message without fields."""
    unknown = UnknownFieldSet(Empty.FromString(message))
    fields = map(unknown.__getitem__, range(len(unknown)))
    return [f.data for f in fields if f.field_number == number and f.wire_type == wire_type]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "nothing"
