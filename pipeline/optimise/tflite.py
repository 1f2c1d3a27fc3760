"""From a SavedModel to a TFLite model."""

import logging
import shutil
import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.lite.python.convert_phase import ConverterError

from pipeline.exceptions import OptimiseError
from pipeline.optimise.float_parts import FloatParts
from pipeline.optimise.resizing import replace_scaling

_MESSAGE_MAX = 300  # characters of an error of the converter
# What the converter and the calibrating interpreter raise.
_ERRORS = (ConverterError, tf.errors.OpError, RuntimeError, ValueError)

# The class announces that it will move to another package.
warnings.filterwarnings("ignore", r"\s*Warning: tf\.lite\.Interpreter is deprecated", UserWarning)


class Precision(Enum):
    """What the numbers of a TFLite model are."""

    FLOAT16 = "float16"
    """Weights in half precision; sums in float32."""
    DYNAMIC = "dynamic"
    """Weights in int8; activations are quantised while it runs, in the range they then have."""
    INT8 = "int8"
    """Weights and activations of the network in int8, in ranges that example pictures had."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """What to convert, and to what.

    Attributes:
        saved_model: Folder of a SavedModel of TensorFlow 2.
        signature: The signature to keep.
        tensor: Its input, uint8 [N, H, W, 3].
        outputs: Those of its outputs to keep.
        precision: What the numbers are to be.
    """

    saved_model: Path
    signature: str
    tensor: str
    outputs: tuple[str, ...]
    precision: Precision


@dataclass(frozen=True, slots=True)
class Converted:
    """A TFLite model.

    Attributes:
        content: The file.
        needs_flex: Whether it has operations of TensorFlow itself, which a runtime must have been
            built with.
    """

    content: bytes
    needs_flex: bool


def convert(conversion: Conversion, examples: Sequence[NDArray[np.uint8]]) -> Converted:
    """Convert a signature, for one picture a call, of any size.

    Args:
        conversion: What to convert.
        examples: Pictures as they will be sent, uint8 [1, H, W, 3]; at least one.

    Raises:
        OptimiseError: Neither TFLite's operations nor those of TensorFlow are enough.
        OSError: The disk for temporary files is full.
    """
    tf.get_logger().setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory(prefix="sightline-optimise-") as temporary:
        prepared = _prepared(conversion, Path(temporary))
        try:
            return Converted(_converted(conversion, prepared, examples, flex=False), False)
        except _ERRORS:
            pass  # what TFLite lacks, TensorFlow may have
        try:
            return Converted(_converted(conversion, prepared, examples, flex=True), True)
        except _ERRORS as error:
            raise OptimiseError(
                f"{conversion.saved_model} cannot be converted to TFLite, not even with "
                f"operations of TensorFlow: {_reason(error)}"
            ) from error


def _prepared(conversion: Conversion, temporary: Path) -> Path:
    """Save the one signature, without what is not asked for and without what TFLite lacks."""
    edited = temporary / "edited"
    shutil.copytree(conversion.saved_model, edited)
    replace_scaling(edited)
    try:
        loaded = tf.saved_model.load(str(edited))
        module = _one_signature(loaded, conversion)
        prepared = temporary / "prepared"
        tf.saved_model.save(module, str(prepared), {conversion.signature: module.call})
    except (KeyError, TypeError, ValueError, tf.errors.OpError) as error:
        raise OptimiseError(
            f"{conversion.saved_model} cannot be converted to TFLite: {_reason(error)}"
        ) from error
    return prepared


def _one_signature(loaded: Any, conversion: Conversion) -> Any:
    """Return a module whose `call` is a signature for one picture, with some of its outputs."""
    function = loaded.signatures[conversion.signature]

    def call(image: Any) -> dict[str, Any]:
        answers = function(**{conversion.tensor: image})
        return {name: answers[name] for name in conversion.outputs}

    spec = tf.TensorSpec([1, None, None, 3], tf.uint8, conversion.tensor)
    module = tf.Module()
    module.loaded = loaded  # keeps its variables alive
    module.call = tf.function(call, input_signature=[spec])
    return module


def _converted(
    conversion: Conversion, prepared: Path, examples: Sequence[NDArray[np.uint8]], *, flex: bool
) -> bytes:
    converter = tf.lite.TFLiteConverter.from_saved_model(
        str(prepared), signature_keys=[conversion.signature]
    )
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    operations = [tf.lite.OpsSet.TFLITE_BUILTINS]
    converter.target_spec.supported_ops = [
        *operations,
        *([tf.lite.OpsSet.SELECT_TF_OPS] if flex else []),
    ]
    if conversion.precision is Precision.FLOAT16:
        converter.target_spec.supported_types = [tf.float16]
    if conversion.precision is Precision.INT8:
        return _with_int8_network(converter, conversion.tensor, examples)
    content: bytes = converter.convert()
    return content


def _with_int8_network(converter: Any, tensor: str, examples: Sequence[NDArray[np.uint8]]) -> bytes:
    """Quantise the network alone; only the debugger can be told what to leave."""

    def calibration() -> Any:
        return ({tensor: example} for example in examples)

    converter.representative_dataset = calibration
    debugger = tf.lite.experimental.QuantizationDebugger(
        converter=converter, debug_dataset=calibration
    )
    parts = FloatParts.of(debugger.calibrated_model)
    debugger.options = tf.lite.experimental.QuantizationDebugOptions(
        denylisted_nodes=list(parts.names), denylisted_ops=list(parts.kinds)
    )
    content: bytes = debugger.get_nondebug_quantized_model()
    return content


def _reason(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:_MESSAGE_MAX]
