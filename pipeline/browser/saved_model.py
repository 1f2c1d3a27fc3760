"""The form for browsers of an installed detection model."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

import tensorflow as tf

from pipeline.browser.conversion import canvas_spec, convert
from pipeline.exceptions import BrowserFormError
from pipeline.optimise.resizing import replace_scaling
from pipeline.repository import InstalledModel


def form_of_saved_model(model: InstalledModel) -> bytes:
    """Convert the SavedModel of a detection model.

    What is transparent of the canvas is black, as the models of the TF2 detection zoo pad pictures.

    Args:
        model: With a size policy that names a size.

    Returns:
        The TFLite model.

    Raises:
        BrowserFormError: It cannot be loaded or converted.
        OSError: The disk for temporary files is full.
    """
    with tempfile.TemporaryDirectory(prefix="sightline-browser-") as temporary:
        edited = Path(temporary, "edited")
        shutil.copytree(model.saved_model, edited)
        replace_scaling(edited)
        try:
            loaded = tf.saved_model.load(str(edited))
            module = _module(loaded, model)
        except (KeyError, TypeError, ValueError, tf.errors.OpError) as error:
            raise BrowserFormError(
                f"{model.saved_model} is not what its card says: {error}"
            ) from error
        return convert(module, module.detect)


def _module(loaded: Any, model: InstalledModel) -> Any:
    card = model.card
    answer = loaded.signatures[card.input.signature]
    missing = sorted(set(card.outputs.names) - set(answer.structured_outputs))
    if missing:
        raise KeyError(f"no output {', '.join(missing)}")

    def detect(rgba: Any) -> dict[str, Any]:
        outputs = answer(**{card.input.tensor: rgba[..., :3]})
        return {name: outputs[name] for name in card.outputs.names}

    size = card.input.resize
    module = tf.Module()
    module.loaded = loaded  # keeps its variables alive
    module.detect = tf.function(detect, input_signature=[canvas_spec(size.width, size.height)])
    return module
