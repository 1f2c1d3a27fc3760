"""Archives of models that are whole in form and too small to detect anything."""

import gzip
import io
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field

_UINT8, _FLOAT = 4, 1  # TensorFlow's numbers


@dataclass(frozen=True, slots=True)
class TinyModel:
    """A model whose `saved_model.pb` has a signature and nothing to run.

    Attributes:
        name: Of the top folder of the archive.
        signature: Its only signature.
        inputs: TensorFlow's number of the type, by tensor name.
        outputs: The same for the outputs.
        weights: Content of its variables file; makes archives of any size.
    """

    name: str = "tiny"
    signature: str = "serving_default"
    inputs: Mapping[str, int] = field(default_factory=lambda: {"pixels": _UINT8})
    outputs: Mapping[str, int] = field(
        default_factory=lambda: dict.fromkeys(("boxes", "scores", "classes", "count"), _FLOAT)
    )
    weights: bytes = b"weights"

    def saved_model_pb(self) -> bytes:
        """Return the content of `saved_model.pb`."""
        definition = _message(
            *((1, tensor) for tensor in _tensors(self.inputs)),
            *((2, tensor) for tensor in _tensors(self.outputs)),
            (3, b"tensorflow/serving/predict"),
        )
        signature = _message((1, self.signature.encode()), (2, definition))
        return _message((1, 1), (2, _message((5, signature))))

    def archive(self) -> bytes:
        """Return a `.tar.gz` in the layout of the detection zoo."""
        files = {
            f"{self.name}/saved_model/saved_model.pb": self.saved_model_pb(),
            f"{self.name}/saved_model/variables/variables.data-00000-of-00001": self.weights,
            f"{self.name}/checkpoint": b"not wanted",
        }
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            for path, content in files.items():
                info = tarfile.TarInfo(path)
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
        return gzip.compress(buffer.getvalue(), mtime=0)


def _tensors(dtypes: Mapping[str, int]) -> list[bytes]:
    info = {name: _message((1, b"graph:0"), (2, dtype)) for name, dtype in dtypes.items()}
    return [_message((1, name.encode()), (2, tensor)) for name, tensor in info.items()]


def _message(*fields: tuple[int, bytes | int]) -> bytes:
    """Encode a protocol buffer message of lengths and numbers by field number."""
    return b"".join(
        _varint(number << 3 | 2) + _varint(len(value)) + value
        if isinstance(value, bytes)
        else _varint(number << 3) + _varint(value)
        for number, value in fields
    )


def _varint(value: int) -> bytes:
    low, rest = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + _varint(rest) if rest else bytes([low])
