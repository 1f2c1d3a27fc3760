"""Request tensors for the command line: from files, or made up from a signature."""

import json
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from serving_client._values import Array, Signature, TensorSpec
from serving_client.exceptions import ServingError

__all__ = ["RequestError", "from_file", "from_image", "made_up"]

_UNKNOWN_BATCH = 1
_UNKNOWN_SIDE = 320
_IMAGE_RANK = 4


class RequestError(ServingError):
    """No request can be made of what was given."""


def made_up(signature: Signature) -> dict[str, Array]:
    """Zeros (or empty strings) for every input of a signature.

    Sizes that the signature leaves open are 1 for the first dimension, 320 for the height and
    width of images, and 1 for all others.
    """
    return {name: _zeros(spec) for name, spec in signature.inputs.items()}


def _zeros(spec: TensorSpec) -> Array:
    sizes = spec.shape or ()
    is_image = len(sizes) == _IMAGE_RANK
    unknown = [
        _UNKNOWN_SIDE if is_image and axis in {1, 2} else _UNKNOWN_BATCH
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
    """One picture as the one input of a signature: its bytes for strings, else upright RGB.

    Raises:
        RequestError: the signature takes no picture, or the file holds none.
    """
    if len(signature.inputs) != 1:
        raise RequestError(
            f"signature {signature.name!r} takes {len(signature.inputs)} inputs, not one picture"
        )
    ((name, spec),) = signature.inputs.items()
    if spec.dtype == "string":
        return {name: np.array([_read(path)], object)}
    if spec.dtype != "uint8" or len(spec.shape or ()) != _IMAGE_RANK:
        raise RequestError(f"input {name!r} is {spec}, which is no picture of uint8 [N, H, W, 3]")
    return {name: _pixels(path)}


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise RequestError(f"{path}: {error.strerror}") from error


def _pixels(path: Path) -> Array:
    try:
        from PIL import Image, ImageOps  # noqa: PLC0415  the client alone does without Pillow
    except ImportError as error:
        raise RequestError("pictures need Pillow: pip install 'sightline[web]'") from error
    try:
        with Image.open(path) as image:
            return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))[None]
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        reason = getattr(error, "strerror", None) or "is no picture that can be read"
        raise RequestError(f"{path}: {reason}") from error


def from_file(path: Path) -> dict[str, object]:
    """Named tensors from a .npz file, or from a .json object of numbers, strings and lists.

    Raises:
        RequestError: the file cannot be read or holds something else.
    """
    try:
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as arrays:
                return dict(arrays)
        values = json.loads(_read(path))
    except (ValueError, OSError, BadZipFile) as error:
        raise RequestError(f"{path}: {error}") from error
    if not isinstance(values, dict):
        raise RequestError(
            f"{path}: expected an object of named tensors, not a {type(values).__name__}"
        )
    return values
