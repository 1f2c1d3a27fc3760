"""The weights of an exported network, to go on training from."""

from pathlib import Path

import keras
import tensorflow as tf

from pipeline.exceptions import ArtifactError

# `CodeDetector` keeps them in a list of this name, in the order of the network's variables.
_KEY = "weights/{}/.ATTRIBUTES/VARIABLE_VALUE"


def variables_file(saved_model: Path) -> Path:
    """Return the file of a SavedModel that holds the weights."""
    return saved_model / "variables" / "variables.data-00000-of-00001"


def load_saved_weights(network: keras.Model, saved_model: Path) -> None:
    """Give a network the weights of one that was exported.

    Raises:
        ArtifactError: There is no such SavedModel, or it holds another network.
    """
    try:
        saved = tf.train.load_checkpoint(str(saved_model / "variables" / "variables"))
        for number, variable in enumerate(network.variables):
            variable.assign(saved.get_tensor(_KEY.format(number)))
    except (OSError, ValueError, tf.errors.OpError) as error:
        raise ArtifactError(f"{saved_model} does not hold this network: {error}") from error
