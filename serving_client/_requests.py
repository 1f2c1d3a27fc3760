"""What the command line sends: tensors, examples and configurations, from files or made up."""

import base64
import binascii
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from serving_client._images import Picture, input_for_pictures
from serving_client._values import Array, ServedModel, Signature, TensorSpec
from serving_client.exceptions import ServingError

__all__ = ["RequestError", "examples", "from_file", "from_image", "made_up", "served_models"]

_UNKNOWN_SIZE = 1
_UNKNOWN_SIDE = 320
_IMAGE_RANK = 4


class RequestError(ServingError):
    """No request can be made of what was given."""


def made_up(signature: Signature, batch: int = 1) -> dict[str, Array]:
    """Zeros (or empty strings) for every input of a signature.

    Sizes that the signature leaves open are 320 for the height and width of images, and 1 for all
    others.

    Args:
        signature: of the model.
        batch: the first size, where the signature leaves it open.
    """
    return {name: _zeros(spec, batch) for name, spec in signature.inputs.items()}


def _zeros(spec: TensorSpec, batch: int) -> Array:
    sizes = spec.shape or ()
    sides = {1, 2} if len(sizes) == _IMAGE_RANK else set()
    unknown = [
        batch if axis == 0 else _UNKNOWN_SIDE if axis in sides else _UNKNOWN_SIZE
        for axis in range(len(sizes))
    ]
    shape = [usual if size is None else size for size, usual in zip(sizes, unknown, strict=True)]
    if spec.dtype == "string":
        return np.full(shape, b"", object)
    try:
        return np.zeros(shape, spec.dtype)
    except TypeError as error:
        raise RequestError(f"input {spec.name!r}: cannot make up a {spec.dtype} tensor") from error


def from_image(path: Path, signature: Signature) -> dict[str, Array]:
    """One picture as the one input of a signature, scaled if that prescribes a size.

    Raises:
        RequestError: the file cannot be read, or is no picture.
        SignatureMismatchError: the signature takes no picture.
        ConfigError: Pillow is needed, and not installed.
    """
    wanted = input_for_pictures({signature.name: signature}, signature.name, prefers_files=True)
    picture = Picture(file=_read(path))
    try:
        return {wanted.spec.name: picture.tensor(wanted, resize=True)}
    except ValueError as error:
        raise RequestError(f"{path}: {error}") from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise RequestError(f"{path}: {error.strerror}") from error


def from_file(path: Path) -> dict[str, object]:
    """Named tensors from a .npz file, or from a .json object of numbers, strings and lists.

    `{"b64": "…"}` in JSON stands for bytes, as in the REST API of TensorFlow Serving.

    Raises:
        RequestError: the file cannot be read or holds something else.
    """
    if path.suffix == ".npz":
        try:
            with np.load(path, allow_pickle=False) as arrays:
                return dict(arrays)
        except (ValueError, OSError, BadZipFile) as error:
            raise RequestError(f"{path}: {error}") from error
    values = _json(path)
    if not isinstance(values, dict):
        raise RequestError(
            f"{path}: expected an object of named tensors, not a {type(values).__name__}"
        )
    return values


def examples(path: Path) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
    """Examples, and the context they share, from a .json file.

    It holds a list of objects, from the names of features to numbers, strings or lists of them;
    or an object with such a list in `examples` and, if they share anything, with a `context`. So
    the body of a request to the REST API will do.

    Raises:
        RequestError: the file cannot be read or holds something else.
    """
    values: Any = _json(path)
    context: Any = None
    if isinstance(values, dict):
        context, values = values.get("context"), values.get("examples")
    if not isinstance(values, list) or not all(isinstance(each, dict) for each in values):
        raise RequestError(f"{path}: expected a list of examples, each an object of features")
    if context is not None and not isinstance(context, dict):
        raise RequestError(f"{path}: expected the context to be an object of features")
    return values, context


def served_models(
    pairs: Sequence[tuple[str, str]], path: Path | None = None
) -> tuple[ServedModel, ...]:
    """The models that a server shall serve.

    Args:
        pairs: names and base paths.
        path: a .json file with a list of objects that have a `name`, a `base_path` and, if not the
            newest is wanted, `versions`; or an object from names to base paths.

    Raises:
        RequestError: neither says any model, a name stands twice, or the file holds something else.
    """
    if not pairs and path is None:
        raise RequestError("which models? Say NAME=PATH, or --config FILE.json")
    models = [ServedModel(name, base_path) for name, base_path in pairs]
    if path is not None:
        models += _served(path)
    names = [each.name for each in models]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise RequestError(f"model {twice[0]!r} is named twice")
    return tuple(models)


def _served(path: Path) -> list[ServedModel]:
    values = _json(path)
    if isinstance(values, dict):
        values = [{"name": name, "base_path": where} for name, where in values.items()]
    try:
        return [
            ServedModel(_text(each["name"]), _text(each["base_path"]), _versions(each))
            for each in values
        ]
    except (TypeError, KeyError) as error:
        raise RequestError(
            f"{path}: expected a list of objects with name and base_path, and versions if wanted"
        ) from error


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError
    return value


def _versions(model: dict[str, Any]) -> tuple[int, ...]:
    versions = model.get("versions", [])
    if not all(type(each) is int for each in versions):
        raise TypeError
    return tuple(versions)


def _json(path: Path) -> Any:
    try:
        return json.loads(_read(path), object_hook=_bytes_if_encoded)
    except (ValueError, RecursionError) as error:
        raise RequestError(f"{path} is no JSON: {error}") from error


def _bytes_if_encoded(value: dict[str, Any]) -> dict[str, Any] | bytes:
    if value.keys() != {"b64"}:
        return value
    try:
        return base64.b64decode(value["b64"], validate=True)
    except (TypeError, binascii.Error) as error:
        raise ValueError(f"b64 holds no base64: {error}") from error
