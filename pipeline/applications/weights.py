"""Loading weights from a file, and saying which layer does not fit."""

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path
from typing import Any

import h5py
import keras
from keras.src.utils import file_utils  # where applications look `get_file` up

from pipeline.exceptions import ExportError

# What Keras says of weights that do not fit: the layer's name, and two shapes or numbers.
_LAYER = re.compile(r"\(named (?P<legacy>[^)]+)\)|object <\w+ name=(?P<name>[^,>]+)")
_SHAPES = re.compile(
    r"expects shape (?P<legacy>\([^)]*\)).*with shape (?P<legacy_found>\([^)]*\))"
    r"|variable\.shape=(?P<name>\([^)]*\)), Received: value\.shape=(?P<name_found>\([^)]*\))",
    re.DOTALL,
)


class Replacement:
    """A file in place of every one that Keras would download.

    Attributes:
        is_asked_for: Whether Keras has come to the point of downloading.
    """

    def __init__(self, file: Path) -> None:
        self.is_asked_for = False
        self._file = file

    def get_file(self, *_: Any, **__: Any) -> str:
        """Stand in for `keras.utils.get_file`."""
        self.is_asked_for = True
        return str(self._file)


@contextmanager
def downloads_replaced_by(file: Path) -> Iterator[Replacement]:
    """Have Keras take a file for the one that it would download."""
    original, replacement = file_utils.get_file, Replacement(file)
    file_utils.get_file = replacement.get_file
    try:
        # It warns about forms that older versions wrote.
        with warnings.catch_warnings(action="ignore"):
            yield replacement
    finally:
        file_utils.get_file = original


def load_weights(model: keras.Model, file: Path) -> None:
    """Load the weights of a network from a file, see `build_network`.

    Raises:
        ExportError: The file is damaged, or holds the weights of another network; the message has
            the first layer that does not fit.
    """
    try:
        with warnings.catch_warnings(action="ignore"):
            model.load_weights(file)
    except (OSError, KeyError, ValueError) as error:
        raise weights_error(model, file, error) from error


def weights_error(model: keras.Model, file: Path, error: Exception) -> ExportError:
    """Return a sentence in place of what Keras says of weights that it could not load."""
    if not isinstance(error, ValueError):
        return ExportError(f"{file.name} cannot be read as weights of Keras: {error}.")
    return ExportError(
        f"{file.name} does not hold the weights of this {model.name}: "
        f"{_difference(model, file, error)}."
    )


def first_line(error: Exception) -> str:
    """Return the first line of a message, without its full stop."""
    return str(error).strip().partition("\n")[0].rstrip(".")


def _difference(model: keras.Model, file: Path, error: ValueError) -> str:
    layer = _LAYER.search(str(error))
    if layer is None:
        return _first_stranger(model, file) or first_line(error)
    shapes = _SHAPES.search(str(error))
    if shapes is None:
        return f"it lacks weights of the layer {layer['legacy'] or layer['name']}"
    expected = shapes["legacy"] or shapes["name"]
    found = shapes["legacy_found"] or shapes["name_found"]
    return f"in the layer {layer['legacy'] or layer['name']}, expected {expected}, got {found}"


def _first_stranger(model: keras.Model, file: Path) -> str | None:
    """Return where the layers of a file in the older form begin to differ from a network's."""
    with h5py.File(file) as content:
        group = content if "layer_names" in content.attrs else content.get("model_weights", content)
        names = [_text(name) for name in group.attrs.get("layer_names", ())]
        found = [name for name in names if len(group[name].attrs.get("weight_names", ()))]
    expected = [layer.name for layer in model.layers if layer.weights]
    for wanted, given in zip_longest(expected, found):
        if wanted != given:
            return f"expected the layer {wanted or 'list to end'}, got {given or 'none'}"
    return None


def _text(name: Any) -> str:
    return name.decode() if isinstance(name, bytes) else str(name)
