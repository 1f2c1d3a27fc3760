"""The graph around a network: pictures in; names, probabilities and heat maps out."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import tensorflow as tf

from pipeline.applications.network import Network

TOP_MAX = 10
_IMAGES = tf.TensorSpec([None, None, None, 3], tf.uint8, "image")
_FILES = tf.TensorSpec([None], tf.string, "image_bytes")
_CLASS_IDS = tf.TensorSpec([None], tf.int64, "class_id")
_MOST_PROBABLE = -1


class Classifier(tf.Module):
    """Everything that a client would otherwise have to know, in one graph.

    Args:
        network: The network, with its weights.
        class_names: File with a class name a line, in the order of their ids; its content becomes
            part of the SavedModel.
    """

    def __init__(self, network: Network, class_names: Path) -> None:
        super().__init__(name="classifier")
        # The SavedModel needs the weights; the layers with their own functions would only make
        # it larger.
        self.weights = [variable.value for variable in network.model.variables]
        self._names = _name_table(class_names)
        self._size = network.size
        self._classes = network.classes
        self._network = network
        self._parts = _parts(network)

    def to_signatures(self) -> dict[str, Any]:
        """Return the function of each signature."""
        return {
            "serving_default": _traced(self._classify, _IMAGES),
            "serving_bytes": _traced(self._classify_files, _FILES),
            "grad_cam": self._explaining(),
            "features": _traced(self._features, _IMAGES),
        }

    def _classify(self, image: Any) -> dict[str, Any]:
        """Name what is in pictures, uint8 RGB [N, H, W, 3]."""
        _, _, logits = self._parts(self._resized(image))
        return self._named(logits)

    def _classify_files(self, image_bytes: Any) -> dict[str, Any]:
        """Name what is in picture files (JPEG, PNG, GIF, BMP), each of its own size.

        An orientation in a picture's EXIF data is not looked at.
        """
        square = tf.TensorSpec([self._size, self._size, 3], tf.float32)
        files = _not_empty(image_bytes, "image_bytes: expected at least one file, got")
        squares = tf.map_fn(self._decoded, files, fn_output_signature=square)
        _, _, logits = self._parts(squares)
        return self._named(logits)

    def _features(self, image: Any) -> dict[str, Any]:
        """Return what the classifier looks at, float32 [N, D]."""
        _, features, _ = self._parts(self._resized(image))
        return {"features": features}

    def _explaining(self) -> Any:
        """Return the function for heat maps; that `class_id` has a default makes it optional."""
        most_probable = tf.constant([_MOST_PROBABLE], tf.int64)

        def explain(image: Any, class_id: Any = most_probable) -> Any:
            return self._explain(image, class_id)

        return _traced(explain, _IMAGES, _CLASS_IDS)

    def _explain(self, image: Any, class_id: Any) -> dict[str, Any]:
        """Say where in pictures the network saw a class: Grad-CAM.

        Selvaraju and others, "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based
        Localization", 2017: each map of the last convolution counts as much as the class's logit
        rises with it on average; what speaks against the class is left out.

        Args:
            image: uint8 RGB [N, H, W, 3].
            class_id: int64 [N], or [1] for all pictures; -1 is the most probable class.
        """
        pixels = self._resized(image)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(pixels)
            # Not `self._parts`: there is no gradient between two outputs of one function.
            maps, _, logits = self._network.parts(self._network.preprocess(pixels), training=False)
            chosen = self._chosen(class_id, logits)
            logit = tf.gather(logits, chosen, batch_dims=1)
        weights = tf.reduce_mean(tape.gradient(logit, maps), axis=(1, 2), keepdims=True)
        speaking = tf.nn.relu(tf.reduce_sum(weights * maps, axis=-1))
        strongest = tf.reduce_max(speaking, axis=(1, 2), keepdims=True)
        return {
            "heat_map": tf.math.divide_no_nan(speaking, strongest),
            "class_id": chosen,
            "class_name": self._names.lookup(chosen),
            "score": tf.gather(tf.nn.softmax(logits), chosen, batch_dims=1),
        }

    def _chosen(self, class_id: Any, logits: Any) -> Any:
        """Return a class id for each picture."""
        is_known = (class_id >= _MOST_PROBABLE) & (class_id < self._classes)
        is_one_each = (tf.size(class_id) == 1) | (tf.size(class_id) == tf.shape(logits)[0])
        expected = f"class_id: expected ids from {_MOST_PROBABLE} (the most probable class) to "
        checks = [
            tf.debugging.Assert(
                tf.reduce_all(is_known), [f"{expected}{self._classes - 1}, got", class_id]
            ),
            tf.debugging.Assert(
                is_one_each, ["class_id: expected one id, or one for each picture, got", class_id]
            ),
        ]
        with tf.control_dependencies(checks):
            each = tf.broadcast_to(class_id, tf.shape(logits)[:1])
        return tf.where(each == _MOST_PROBABLE, tf.argmax(logits, axis=-1), each)

    def _named(self, logits: Any) -> dict[str, Any]:
        probabilities = tf.nn.softmax(logits)
        scores, indices = tf.math.top_k(probabilities, min(TOP_MAX, self._classes))
        class_ids = tf.cast(indices, tf.int64)
        return {
            "class_names": self._names.lookup(class_ids),
            "class_ids": class_ids,
            "scores": scores,
            "probabilities": probabilities,
        }

    def _decoded(self, image_bytes: Any) -> Any:
        image = tf.io.decode_image(image_bytes, channels=3, expand_animations=False)
        return self._resized(image[None])[0]

    def _resized(self, image: Any) -> Any:
        """Stretch pictures to the size that the network looks at, float32 0..255.

        Shrinking is antialiased, as in Pillow, so that it does not matter who shrinks a picture.
        """
        given = _not_empty(image, "image: expected pictures of at least 1 x 1 pixel, got")
        return tf.image.resize(given, [self._size, self._size], "bilinear", antialias=True)


def _parts(network: Network) -> Any:
    """Return preprocessing and network as one graph, which all signatures share."""

    def parts(pixels: Any) -> Any:
        return tuple(network.parts(network.preprocess(pixels), training=False))

    return _traced(parts, tf.TensorSpec([None, network.size, network.size, 3], tf.float32))


def _traced(function: Callable[..., Any], *inputs: tf.TensorSpec) -> Any:
    """Return a function as a graph. None here has loops or conditions of Python to translate."""
    return tf.function(function, input_signature=inputs, autograph=False)


def _not_empty(given: Any, expected: str) -> Any:
    check = tf.debugging.Assert(tf.size(given) > 0, [expected, tf.shape(given)], summarize=4)
    with tf.control_dependencies([check]):
        return tf.identity(given)


def _name_table(class_names: Path) -> Any:
    lines = tf.lookup.TextFileInitializer(
        str(class_names),
        tf.int64,
        tf.lookup.TextFileIndex.LINE_NUMBER,
        tf.string,
        tf.lookup.TextFileIndex.WHOLE_LINE,
    )
    return tf.lookup.StaticHashTable(lines, default_value="")
