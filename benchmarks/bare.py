"""The model called in this process, with nothing around it: what every server is compared with."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

__all__ = ["bare_call"]


def bare_call(
    saved_model: Path, input_name: str, output_names: Sequence[str]
) -> Callable[[Any], Any]:
    """A function from the input array to the outputs, through a TensorFlow session.

    Args:
        saved_model: the version folder.
        input_name: the one input of `serving_default`.
        output_names: the outputs to compute.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf  # noqa: PLC0415  heavy, and only half of the benchmarks need it

    graph = tf.Graph()
    with graph.as_default():
        session = tf.compat.v1.Session(graph=graph)
        meta = tf.compat.v1.saved_model.loader.load(session, ["serve"], str(saved_model))
    signature = meta.signature_def["serving_default"]
    fetches = [signature.outputs[name].name for name in output_names]
    call: Callable[[Any], Any] = session.make_callable(fetches, [signature.inputs[input_name].name])
    return call
