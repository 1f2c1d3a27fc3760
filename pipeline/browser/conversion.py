"""From a function to a TFLite model that a browser can run."""

import logging
import tempfile
import warnings
from collections import Counter
from typing import Any

import tensorflow as tf
from tensorflow.lite.python import schema_py_generated as schema
from tensorflow.lite.python.convert_phase import ConverterError

from pipeline.exceptions import BrowserFormError

INPUT = "rgba"
"""Name of the input: a canvas."""
_SIGNATURE = "serving_default"
_MESSAGE_MAX = 300  # characters of an error of the converter
_ERRORS = (ConverterError, tf.errors.OpError, RuntimeError, ValueError)
# Loops and branches have results of unknown size, for which the runtime reserves no memory.
_NOT_IN_BROWSERS = frozenset({"WHILE", "IF", "CALL_ONCE", "CUSTOM"})
_KIND_NAMES = {
    value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)
}

# The class announces that it will move to another package.
warnings.filterwarnings("ignore", r"\s*Warning: tf\.lite\.Interpreter is deprecated", UserWarning)


def canvas_spec(width: int, height: int) -> Any:
    """Return what goes in: a canvas of that size, uint8 [1, height, width, 4]."""
    return tf.TensorSpec([1, height, width, 4], tf.uint8, INPUT)


def convert(module: Any, function: Any) -> bytes:
    """Convert a function of a canvas, with weights in half precision.

    Args:
        module: A `tf.Module` that holds the function's variables.
        function: A `tf.function` from a canvas, see `canvas_spec`, to outputs by name.

    Raises:
        BrowserFormError: TFLite's operations are not enough, or not all of them run in browsers.
    """
    tf.get_logger().setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory(prefix="sightline-browser-") as folder:
        tf.saved_model.save(module, folder, {_SIGNATURE: function})
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=[_SIGNATURE])
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_types = [tf.float16]
        try:
            content: bytes = converter.convert()
        except _ERRORS as error:
            raise BrowserFormError(
                f"The operations of TFLite are not enough: {_reason(error)}"
            ) from error
    check_runnable(content)
    return content


def check_runnable(content: bytes) -> None:
    """Make sure that the runtime in browsers can run a TFLite model.

    Raises:
        BrowserFormError: It has operations that the runtime has not, or outputs of unknown size.
    """
    strangers = _operations(content) & _NOT_IN_BROWSERS
    if strangers:
        raise BrowserFormError(
            f"Browsers cannot run its operations {', '.join(sorted(strangers))}."
        )
    outputs = tf.lite.Interpreter(model_content=content).get_output_details()
    unknown = [output["name"] for output in outputs if (output["shape_signature"] < 1).any()]
    if unknown:
        raise BrowserFormError(f"The size of its outputs {', '.join(unknown)} is not known.")


def _operations(content: bytes) -> set[str]:
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    # Files of older converters have the kind in the first field alone.
    kinds = Counter(
        max(code.builtinCode, code.deprecatedBuiltinCode) for code in model.operatorCodes
    )
    return {_KIND_NAMES[kind] for kind in kinds}


def _reason(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:_MESSAGE_MAX]
