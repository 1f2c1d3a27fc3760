"""The detector of codes for browsers: a canvas in, named boxes out, without a loop."""

from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from pipeline.browser.conversion import canvas_spec, convert
from pipeline.codes.detector.letterbox import FILL, brightness
from pipeline.codes.detector.locations import locations
from pipeline.codes.detector.network import build_network
from pipeline.codes.detector.predictions import best_boxes_of_one
from pipeline.codes.detector.saved_weights import load_saved_weights


def form_of_network(network: keras.Model) -> bytes:
    """Return the network as a TFLite model for browsers; the canvas is its letterbox.

    Args:
        network: See `build_network`; float32.

    Raises:
        BrowserFormError: It cannot be converted.
    """
    size = network.input_shape[1]
    places = locations(size)

    def detect(rgba: Any) -> dict[str, Any]:
        pixels = tf.cast(rgba, tf.float32)
        filled = tf.where(pixels[..., 3:] > 0, pixels[..., :3], FILL)
        best = best_boxes_of_one(network(brightness(filled), training=False), places)
        x_min, y_min, x_max, y_max = tf.split(best.boxes, 4, axis=-1)
        return {
            "detection_boxes": tf.concat([y_min, x_min, y_max, x_max], axis=-1) / size,
            "detection_scores": best.scores,
            "detection_classes": best.class_ids,
            "num_detections": best.count,
        }

    module = tf.Module()
    module.weights = [variable.value for variable in network.variables]
    module.detect = tf.function(detect, input_signature=[canvas_spec(size, size)])
    return convert(module, module.detect)


def form_of_exported(saved_model: Path, size: int) -> bytes:
    """Return the form for browsers of a detector that was exported.

    Args:
        saved_model: Its folder.
        size: Side of the network's input in pixels.

    Raises:
        ArtifactError: There is no such SavedModel, or it holds another network.
        BrowserFormError: It cannot be converted.
    """
    network = build_network(size)
    load_saved_weights(network, saved_model)
    return form_of_network(network)
