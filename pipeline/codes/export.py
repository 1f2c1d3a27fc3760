"""The step `export`: from weights to a SavedModel that any TensorFlow Serving can load."""

from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from pipeline.codes.artifact import Artifact, code_version, replacement
from pipeline.codes.browser import form_of_network
from pipeline.codes.card import NAME, card, labels
from pipeline.codes.detector.letterbox import brightness, letterbox
from pipeline.codes.detector.locations import locations
from pipeline.codes.detector.network import build_network
from pipeline.codes.detector.predictions import DETECTIONS_MAX, NMS_IOU, best_boxes
from pipeline.codes.train import WEIGHTS_FILE
from pipeline.exceptions import ArtifactError
from pipeline.repository import BROWSER_FILE, CARD_FILE

_THRESHOLD_UNTIL_EVALUATED = 0.5
ENCODED_SIGNATURE = "serving_encoded"


class CodeDetector(tf.Module):
    """Pictures in, named boxes out: the letterbox, the network and the choice of boxes in one.

    Args:
        network: See `build_network`; float32.
    """

    def __init__(self, network: keras.Model) -> None:
        super().__init__(name="codes")
        # The SavedModel needs the weights; the layers with their own functions would only
        # make it larger.
        self.weights = [variable.value for variable in network.variables]
        self._size = network.input_shape[1]
        self._boxes = _choosing(network)

    @tf.function(input_signature=[tf.TensorSpec([None, None, None, 3], tf.uint8, "input_tensor")])
    def detect(self, input_tensor: Any) -> dict[str, Any]:
        """Find codes in pictures, uint8 RGB [N, H, W, 3], as the TF2 Object Detection API does.

        Returns:
            `detection_boxes` float32 [N, 50, 4] (y_min, x_min, y_max, x_max in fractions of the
            picture), `detection_scores` and `detection_classes` float32 [N, 50], and
            `num_detections` float32 [N].
        """
        pixels, extent_yx = letterbox(input_tensor, self._size)
        extents = tf.tile(extent_yx[None], [tf.shape(pixels)[0], 1])
        return self._answer(brightness(pixels), extents)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "image_bytes")])
    def detect_encoded(self, image_bytes: Any) -> dict[str, Any]:
        """Do the same for encoded pictures (JPEG, PNG, GIF, BMP), each of its own size.

        An orientation in a picture's EXIF data is not looked at.
        """
        square = tf.TensorSpec([self._size, self._size, 1], tf.float32)
        squares, extents = tf.map_fn(
            self._decoded,
            image_bytes,
            fn_output_signature=(square, tf.TensorSpec([2], tf.float32)),
        )
        return self._answer(squares, extents)

    def _decoded(self, image_bytes: Any) -> tuple[Any, Any]:
        image = tf.io.decode_image(image_bytes, channels=3, expand_animations=False)
        pixels, extent_yx = letterbox(image[None], self._size)
        return brightness(pixels)[0], extent_yx

    def _answer(self, squares: Any, extents_yx: Any) -> dict[str, Any]:
        boxes, scores, class_ids, count = self._boxes(squares)
        x_min, y_min, x_max, y_max = tf.split(boxes, 4, axis=-1)
        yxyx = tf.concat([y_min, x_min, y_max, x_max], axis=-1)
        fractions = yxyx / tf.tile(extents_yx, [1, 2])[:, None]
        return {
            "detection_boxes": tf.clip_by_value(fractions, 0.0, 1.0),
            "detection_scores": scores,
            "detection_classes": class_ids,
            "num_detections": count,
        }


def _choosing(network: keras.Model) -> Any:
    """Return the network and the choice of boxes as a graph that both signatures share."""
    size = network.input_shape[1]
    places = locations(size)
    squares = tf.TensorSpec([None, size, size, 1], tf.float32)

    @tf.function(input_signature=[squares])
    def choose(squares: Any) -> Any:
        return tuple(best_boxes(network(squares, training=False), places))

    return choose


def save_detector(network: keras.Model, folder: Path) -> None:
    """Write a SavedModel with both signatures."""
    detector = CodeDetector(network)
    tf.saved_model.save(
        detector,
        str(folder),
        signatures={
            "serving_default": detector.detect,
            ENCODED_SIGNATURE: detector.detect_encoded,
        },
        options=tf.saved_model.SaveOptions(experimental_custom_gradients=False),
    )


def export(training: Path, folder: Path) -> Artifact:
    """Export the trained network, as the one model of a repository, with a form for browsers.

    Args:
        training: The artifact of `train`.
        folder: Where the repository is made; an older one there is replaced.

    Raises:
        ArtifactError: There is no finished training, or one of another network.
    """
    code = code_version()
    trained = Artifact.load(training, "train")
    network = build_network(trained.settings["size"])
    try:
        network.load_weights(training / WEIGHTS_FILE)
    except (OSError, ValueError) as error:
        raise ArtifactError(f"{training / WEIGHTS_FILE} cannot be loaded: {error}") from error
    with replacement(folder) as new:
        model = new / NAME
        save_detector(network, model / "1")
        facts = card(trained.settings["size"], _THRESHOLD_UNTIL_EVALUATED)
        (model / CARD_FILE).write_text(facts.to_toml(), encoding="utf-8")
        (model / facts.labels_file).write_text(labels().to_text(), encoding="utf-8")
        (model / BROWSER_FILE).write_bytes(form_of_network(network))
        files = [path for path in (model / "1").rglob("*") if path.is_file()]
        metrics = {
            "parameters": network.count_params(),
            "bytes": sum(path.stat().st_size for path in files),
        }
        settings = {"iou_max": NMS_IOU, "detections_max": DETECTIONS_MAX}
        inputs = {"train": trained.digest()}
        return Artifact("export", settings, inputs, metrics, code=code).write(new)
