"""Tiny SavedModels for tests, and how to publish them."""

import shutil
from pathlib import Path
from typing import Any

import tensorflow as tf

ECHOED = [
    tf.bool, tf.int8, tf.int16, tf.int32, tf.int64, tf.uint8, tf.uint16, tf.uint32, tf.uint64,
    tf.float16, tf.bfloat16, tf.float32, tf.float64, tf.complex64, tf.complex128, tf.string,
]  # fmt: skip


class Affine(tf.Module):  # type: ignore[misc]  # TensorFlow is untyped
    """Half plus something: y = x / 2 + addend."""

    def __init__(self, addend: float) -> None:
        super().__init__()
        self.addend = tf.Variable(addend)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, "x")])  # type: ignore[untyped-decorator]
    def __call__(self, x: Any) -> Any:
        return {"y": 0.5 * x + self.addend}


class Kitchen(tf.Module):  # type: ignore[misc]  # TensorFlow is untyped
    """Signatures with several inputs and outputs, of every type, that take long, or fail."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name) for name in ("a", "b")])  # type: ignore[untyped-decorator]
    def arithmetic(self, a: Any, b: Any) -> Any:
        return {"sum": a + b, "difference": a - b}

    @tf.function(input_signature=[tf.TensorSpec([], tf.int64, "steps")])  # type: ignore[untyped-decorator]
    def count(self, steps: Any) -> Any:
        (counted,) = tf.while_loop(
            lambda i: i < steps, lambda i: (i + 1,), [tf.constant(0, tf.int64)]
        )
        return {"counted": counted}

    @tf.function(input_signature=[tf.TensorSpec([], tf.string, "message")])  # type: ignore[untyped-decorator]
    def fail(self, message: Any) -> Any:
        with tf.control_dependencies([tf.debugging.Assert(False, [message])]):
            return {"message": tf.identity(message)}


def _echo(dtype: Any) -> Any:
    return tf.function(
        lambda value: {"value": tf.identity(value)},
        input_signature=[tf.TensorSpec(None, dtype, "value")],
    ).get_concrete_function()


def save_models(folder: Path) -> None:
    """Save `half/1` .. `half/3`, which add their version, and `kitchen/1`, which can do a lot."""
    for version in (1, 2, 3):
        tf.saved_model.save(Affine(float(version)), str(folder / "half" / str(version)))
    kitchen = Kitchen()
    signatures = {
        "serving_default": kitchen.arithmetic,
        "count": kitchen.count,
        "fail": kitchen.fail,
        **{f"echo_{dtype.name}": _echo(dtype) for dtype in ECHOED},
    }
    tf.saved_model.save(kitchen, str(folder / "kitchen" / "1"), signatures=signatures)


def publish(source: Path, base_path: Path) -> None:
    """Put a version into a base path as a publisher should: complete at once."""
    base_path.mkdir(exist_ok=True)
    partial = base_path / f".{source.name}"
    shutil.copytree(source, partial)
    partial.rename(base_path / source.name)
