"""From an application and its weights to a SavedModel, in this process."""

import errno
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import tensorflow as tf

from pipeline.applications.application import Application
from pipeline.applications.classifier import Classifier
from pipeline.applications.network import Network, build_network
from pipeline.exceptions import ExportError

_NAMES_FILE = "class_names.txt"


def export_application(
    application: Application, weights: Path | None, class_names: Sequence[str], folder: Path
) -> None:
    """Export a Keras application as a SavedModel that needs nothing beside it.

    Its signatures are `serving_default` (pictures to classes), `serving_bytes` (the same for JPEG
    and PNG files), `grad_cam` (heat maps) and `features` (embeddings); see docs/models.md.

    Args:
        application: Which network.
        weights: HDF5 file, see `build_network`; None leaves them random.
        class_names: Name by class id, from 0 on, one line each.
        folder: Made by this function; `saved_model.pb` is written last.

    Raises:
        ExportError: There is no such application, or the weights or names do not fit it.
        OSError: The disk is full, or cannot be written to.
    """
    save_classifier(build_network(application, weights), class_names, folder)


def save_classifier(network: Network, class_names: Sequence[str], folder: Path) -> None:
    """Write the SavedModel of a network that has its weights.

    Args:
        network: The network.
        class_names: Name by class id, from 0 on, one line each.
        folder: Made by this function.

    Raises:
        ExportError: There are more or fewer names than classes.
        OSError: The disk is full, or cannot be written to.
    """
    if len(class_names) != network.classes:
        raise ExportError(
            f"{network.model.name} knows {network.classes} classes, but there are "
            f"{len(class_names)} names."
        )
    with tempfile.TemporaryDirectory() as temporary:
        names_file = Path(temporary, _NAMES_FILE)
        names_file.write_text("".join(f"{name}\n" for name in class_names), encoding="utf-8")
        classifier = Classifier(network, names_file)
        try:
            tf.saved_model.save(
                classifier,
                str(folder),
                signatures=classifier.to_signatures(),
                options=tf.saved_model.SaveOptions(experimental_custom_gradients=False),
            )
        except tf.errors.ResourceExhaustedError as error:
            # How TensorFlow's file system says that the disk is full.
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder)) from error
