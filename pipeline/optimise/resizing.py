"""`ScaleAndTranslate`, which TFLite does not know, in operations that it knows.

It is what `tf.image.resize` with antialiasing becomes, and the letterbox of our own detector. Where
it does not shrink, antialiasing does nothing, and it is a bilinear resize with a border of 0. The
web application shrinks pictures before it sends them, so that is where it matters.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

from pipeline.optimise.saved_graph import node_name
from pipeline.unpack import READY_FILE

_OPERATION = "ScaleAndTranslate"
_SIZE, _TRANSLATION = 1, 3  # places among its inputs
_RESULT, _CALL_RESULT = "resized_images", "output"


def replace_scaling(saved_model_folder: Path) -> int:
    """Replace the operation in a SavedModel of TensorFlow 2, in place.

    It stays where its size is not known in advance, or its translation is not 0.

    Args:
        saved_model_folder: With `saved_model.pb`.

    Returns:
        How many were replaced.
    """
    path = saved_model_folder / READY_FILE
    saved_model = SavedModel.FromString(path.read_bytes())
    library = saved_model.meta_graphs[0].graph_def.library
    count = sum(_replace_in(function, library) for function in list(library.function))
    if count:
        path.write_bytes(saved_model.SerializeToString())
    return count


def _replace_in(function: Any, library: Any) -> int:
    constants = {
        node.name: tf.make_ndarray(node.attr["value"].tensor)
        for node in function.node_def
        if node.op == "Const"
    }
    count = 0
    for node in function.node_def:
        size_hw = _replaceable_size(node, constants)
        if size_hw is not None:
            _replace(node, function, library, size_hw)
            count += 1
    return count


def _replaceable_size(node: Any, constants: Mapping[str, NDArray[Any]]) -> list[int] | None:
    if node.op != _OPERATION or node.attr["kernel_type"].s not in {b"triangle", b""}:
        return None
    size = constants.get(node_name(node.input[_SIZE]))
    translation = constants.get(node_name(node.input[_TRANSLATION]))
    if size is None or translation is None or np.any(translation):
        return None
    return [int(side) for side in size]


def _replace(node: Any, function: Any, library: Any, size_hw: list[int]) -> None:
    dtype = tf.as_dtype(node.attr["T"].type)
    definition = _resizing(dtype, size_hw).function_def
    if definition.signature.name not in {each.signature.name for each in library.function}:
        library.function.append(definition)
    node.op = "PartitionedCall"
    node.ClearField("attr")
    float32 = tf.float32.as_datatype_enum
    inputs = [dtype.as_datatype_enum, tf.int32.as_datatype_enum, float32, float32]
    node.attr["Tin"].list.type.extend(inputs)
    node.attr["Tout"].list.type.append(float32)
    node.attr["f"].func.name = definition.signature.name
    _rename_result(function, node.name)


def _rename_result(function: Any, name: str) -> None:
    old, new = f"{name}:{_RESULT}:", f"{name}:{_CALL_RESULT}:"
    for user in function.node_def:
        user.input[:] = [tensor.replace(old, new, 1) for tensor in user.input]
    for key, tensor in function.ret.items():
        function.ret[key] = tensor.replace(old, new, 1)


def _resizing(dtype: Any, size_hw: list[int]) -> Any:
    """Return a function with the inputs and the result of the operation."""

    def resize(images: Any, size: Any, scale: Any, translation: Any) -> Any:
        del size, translation  # known in advance
        height_width = tf.cast(tf.shape(images)[1:3], tf.float32)
        scaled_hw = tf.cast(tf.round(height_width * scale), tf.int32)
        scaled_hw = tf.clip_by_value(scaled_hw, 1, size_hw)
        scaled = tf.raw_ops.ResizeBilinear(
            images=tf.cast(images, tf.float32), size=scaled_hw, half_pixel_centers=True
        )
        border = tf.constant(size_hw, tf.int32) - scaled_hw
        none = tf.zeros([2], tf.int32)
        ends = [tf.stack([0, border[0]]), tf.stack([0, border[1]])]
        padded = tf.pad(scaled, tf.stack([none, *ends, none]))
        # Said as a shape that is known in advance, which the graph behind it counts on.
        return tf.reshape(padded, tf.stack([-1, *size_hw, tf.shape(images)[3]]))

    pair = tf.TensorSpec([2], tf.float32)
    images = tf.TensorSpec([None, None, None, None], dtype)
    signature = [images, tf.TensorSpec([2], tf.int32), pair, pair]
    return tf.function(resize, input_signature=signature).get_concrete_function()
