"""Building the network of a Keras application, and finding its parts."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import keras

from pipeline.applications.application import Application
from pipeline.applications.weights import (
    downloads_replaced_by,
    first_line,
    load_weights,
    weights_error,
)
from pipeline.exceptions import ExportError

Builder: TypeAlias = Callable[..., keras.Model]

_IMAGENET_CLASSES = 1000
_GLOBAL_POOLING = (keras.layers.GlobalAveragePooling2D, keras.layers.GlobalMaxPooling2D)
_POOLING = (keras.layers.AveragePooling2D, keras.layers.MaxPooling2D)
_MAP_RANK = 4  # [N, height, width, channels]


@dataclass(frozen=True, slots=True)
class Network:
    """A network and what the graph around it needs to know.

    Attributes:
        model: From preprocessed pictures, float32 [N, size, size, 3], to logits [N, C].
        parts: The same, with three outputs: the last convolution's maps [N, h, w, channels], what
            the classifier looks at (see `features`), and the logits [N, C].
        preprocess: What the family does to pixels, 0..255 in RGB, before the network sees them.
    """

    model: keras.Model
    parts: keras.Model
    preprocess: Callable[[Any], Any]

    @property
    def classes(self) -> int:
        """How many classes it knows."""
        return int(self.model.output_shape[-1])

    @property
    def size(self) -> int:
        """Side in pixels of the square picture that it looks at."""
        return int(self.model.input_shape[1])


def build_network(application: Application, weights: Path | None = None) -> Network:
    """Build the network of an application.

    Args:
        application: Which network.
        weights: HDF5 file in one of the forms of Keras: weights as Keras 3 saves them
            (`*.weights.h5`), as its predecessors did, or a whole model. None leaves them random.

    Raises:
        ExportError: Keras has no such application or builds none with these arguments, or the file
            does not hold its weights.
    """
    build = builder_of(application.name)
    try:
        model = (
            _random(build, application) if weights is None else _loaded(build, application, weights)
        )
    except (TypeError, ValueError) as error:
        raise ExportError(
            f"Keras cannot build {application.name} with {dict(application.arguments)} and "
            f"{application.size} px: {first_line(error)}."
        ) from error
    maps = _last_maps(model, application.last_conv)
    outputs = [maps, _seen_by_classifier(model), model.output]
    return Network(model, keras.Model(model.input, outputs), _preprocessing(build))


def _random(build: Builder, application: Application) -> keras.Model:
    return build(weights=None, **build_arguments(application))


def _loaded(build: Builder, application: Application, weights: Path) -> keras.Model:
    """Build a network with the weights of a file, as Keras does with those that it downloads.

    Loading them into a network that was built without would be wrong: EfficientNet has a layer more
    where it is built for the weights of ImageNet.
    """
    if application.arguments.get("classes", _IMAGENET_CLASSES) != _IMAGENET_CLASSES:
        model = _random(build, application)
        load_weights(model, weights)
        return model
    with downloads_replaced_by(weights) as replaced:
        try:
            return build(weights="imagenet", **build_arguments(application))
        except (OSError, KeyError, ValueError) as error:
            if not replaced.is_asked_for:
                raise
            raise weights_error(_random(build, application), weights, error) from error


def build_arguments(application: Application) -> dict[str, Any]:
    """Return what an application is built with, apart from its weights."""
    return {
        **application.arguments,
        "include_top": True,
        "input_shape": (application.size, application.size, 3),
        # The gradient of a probability vanishes where the network is certain; that of the number
        # before it does not.
        "classifier_activation": None,
    }


def builder_of(name: str) -> Builder:
    """Return the function of Keras that builds an application.

    Raises:
        ExportError: Keras has no such application.
    """
    build: Any = getattr(keras.applications, name, None)
    if not callable(build):
        known = sorted(key for key in vars(keras.applications) if key[0].isupper())
        raise ExportError(f"Keras has no application {name!r}, only {', '.join(known)}.")
    builder: Builder = build
    return builder


def _preprocessing(build: Builder) -> Callable[[Any], Any]:
    """Return the `preprocess_input` that stands beside the function that builds the network."""
    preprocess: Callable[[Any], Any] = sys.modules[build.__module__].preprocess_input
    return preprocess


def _last_maps(model: keras.Model, name: str | None) -> Any:
    """Return the output that heat maps are made of: the last one that still has places.

    It is what goes into the last global pooling, or, in networks without one, what is flattened.
    Pooling right before it is skipped, for it only makes the maps coarser.
    """
    if name is not None:
        return _named_maps(model, name)
    layer = _last(model, _GLOBAL_POOLING) or _last(model, (keras.layers.Flatten,))
    if layer is None:
        raise ExportError(
            f"{model.name} has no global pooling and is not flattened, so the layer for heat maps "
            "must be named with last_conv."
        )
    maps = layer.input
    while isinstance(maps._keras_history.operation, _POOLING):  # noqa: SLF001  # nothing public
        maps = maps._keras_history.operation.input  # noqa: SLF001
    return maps


def _named_maps(model: keras.Model, name: str) -> Any:
    try:
        maps = model.get_layer(name).output
    except ValueError as error:
        raise ExportError(f"last_conv: {model.name} has no layer {name!r}.") from error
    if len(maps.shape) != _MAP_RANK:
        raise ExportError(
            f"last_conv: the layer {name!r} of {model.name} answers {list(maps.shape)}; expected "
            "maps [N, height, width, channels]."
        )
    return maps


def _seen_by_classifier(model: keras.Model) -> Any:
    """Return the embedding of a picture [N, D]: what goes into the last layer with weights."""
    classifier = next(layer for layer in reversed(model.layers) if layer.weights)
    seen = classifier.input
    return seen if len(seen.shape) == 2 else keras.layers.Flatten()(seen)  # noqa: PLR2004


def _last(model: keras.Model, kinds: tuple[type, ...]) -> Any:
    return next((layer for layer in reversed(model.layers) if isinstance(layer, kinds)), None)
