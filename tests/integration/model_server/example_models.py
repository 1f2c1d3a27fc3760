"""A tiny SavedModel whose signatures take `tf.Example`s: good ones, and all sorts of bad ones."""

from pathlib import Path
from typing import Any

import tensorflow as tf

CLASSIFY, REGRESS = "tensorflow/serving/classify", "tensorflow/serving/regress"
PREDICT = "tensorflow/serving/predict"


def save_examples_model(path: Path) -> None:
    """Save a model of the features `x`, a number, and `name`, a string.

    All signatures read from one placeholder, as MultiInference needs it.
    """
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        serialized = tf.compat.v1.placeholder(tf.string, [None], "examples")
        features = tf.io.parse_example(
            serialized,
            {
                "x": tf.io.FixedLenFeature([], tf.float32),
                "name": tf.io.FixedLenFeature([], tf.string, b"nobody"),
            },
        )
        builder = tf.compat.v1.saved_model.Builder(str(path))
        builder.add_meta_graph_and_variables(
            session, ["serve"], signature_def_map=_signatures(serialized, features)
        )
        builder.save()


def _signatures(serialized: Any, features: Any) -> dict[str, Any]:
    x, name = features["x"][:, tf.newaxis], features["name"][:, tf.newaxis]
    scores = tf.concat([x, 1 - x], 1)
    classes = tf.concat([name, tf.strings.join(["not ", name])], 1)

    def signature(method: str, alias: str = "inputs", **outputs: Any) -> Any:
        info = tf.compat.v1.saved_model.build_tensor_info
        return tf.compat.v1.saved_model.build_signature_def(
            {alias: info(serialized)}, {key: info(each) for key, each in outputs.items()}, method
        )

    return {
        "serving_default": signature(CLASSIFY, classes=classes, scores=scores),
        "classes": signature(CLASSIFY, classes=classes),
        "scores": signature(CLASSIFY, scores=scores),
        "column": signature(REGRESS, outputs=x),
        "vector": signature(REGRESS, outputs=features["x"]),
        "unnamed": signature("", outputs=x),
        "as_predict": signature(PREDICT, classes=classes, scores=scores),
        "wide": signature(REGRESS, outputs=scores),
        "short": signature(REGRESS, outputs=features["x"][:1]),
        "numbers": signature(CLASSIFY, classes=x),
        "renamed": signature(CLASSIFY, "examples", scores=scores),
    }
