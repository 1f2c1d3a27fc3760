"""A SavedModel as a graph and its weights, below TensorFlow's Python objects.

Nothing but the graph says how a model is called and what it is made of, so that SavedModels of
TensorFlow 1 and 2 are alike here.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError
from numpy.typing import NDArray
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

from pipeline.exceptions import OptimiseError
from pipeline.unpack import READY_FILE

SERVE_TAG = "serve"
INIT_SIGNATURE = "__saved_model_init_op"
_INIT_COLLECTIONS = ("saved_model_main_op", "legacy_init_op")
_VARIABLES = frozenset({"VarHandleOp", "VariableV2", "Variable"})
_MESSAGE_MAX = 300  # characters of an error of TensorFlow


@dataclass(frozen=True, slots=True, eq=False)
class SavedGraph:
    """The part of a SavedModel that is served.

    Attributes:
        folder: Where it is.
        meta_graph: A `tensorflow.MetaGraphDef`; not to be changed.
        variables: The value of each variable by the name of its node.
    """

    folder: Path
    meta_graph: Any
    variables: Mapping[str, NDArray[Any]]

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read a SavedModel.

        Args:
            folder: With `saved_model.pb`.

        Raises:
            OptimiseError: It cannot be loaded, or has no graph for serving.
        """
        return cls(folder, _meta_graph(folder), _variables(folder))

    @property
    def init_node(self) -> str | None:
        """The node to run once after loading; None where there is none."""
        outputs = self.meta_graph.signature_def[INIT_SIGNATURE].outputs.values() if (
            INIT_SIGNATURE in self.meta_graph.signature_def
        ) else ()  # fmt: skip
        names = [info.name for info in outputs]
        for key in _INIT_COLLECTIONS:
            if key in self.meta_graph.collection_def:
                names.extend(self.meta_graph.collection_def[key].node_list.value)
        return node_name(names[0]) if names else None


def node_name(tensor: str) -> str:
    """Return the node of an input, a control input or a tensor.

    >>> node_name("^a/b"), node_name("c:1"), node_name("d:output:0")
    ('a/b', 'c', 'd')
    """
    return tensor.removeprefix("^").partition(":")[0]


def needed_nodes(nodes: Iterable[Any], ends: Iterable[str]) -> list[Any]:
    """Return the nodes that others, by name, depend on, and those themselves; in their order."""
    by_name = {node.name: node for node in nodes}
    to_visit, needed = list(ends), set[str]()
    while to_visit:
        name = to_visit.pop()
        if name in by_name and name not in needed:
            needed.add(name)
            to_visit.extend(map(node_name, by_name[name].input))
    return [node for name, node in by_name.items() if name in needed]


def needed_functions(nodes: Iterable[Any], functions: Iterable[Any]) -> list[Any]:
    """Return the functions that nodes call, directly or through others; in their order."""
    by_name = {function.signature.name: function for function in functions}
    to_visit, needed = list(_called(nodes)), set[str]()
    while to_visit:
        name = to_visit.pop()
        if name in by_name and name not in needed:
            needed.add(name)
            to_visit.extend(_called(by_name[name].node_def))
    return [function for name, function in by_name.items() if name in needed]


def _called(nodes: Iterable[Any]) -> Iterator[str]:
    for node in nodes:
        yield node.op  # a function may be called as if it were an operation
        for value in node.attr.values():
            yield value.func.name
            yield from (function.name for function in value.list.func)


def _meta_graph(folder: Path) -> Any:
    try:
        saved_model = SavedModel.FromString((folder / READY_FILE).read_bytes())
    except DecodeError as error:
        raise OptimiseError(f"{folder / READY_FILE} is damaged: {error}.") from error
    for meta_graph in saved_model.meta_graphs:
        if SERVE_TAG in meta_graph.meta_info_def.tags:
            return meta_graph
    raise OptimiseError(f"{folder} has no graph for serving (none has the tag {SERVE_TAG!r}).")


def _variables(folder: Path) -> dict[str, NDArray[Any]]:
    with loaded_session(folder) as (session, _):
        operations = [op for op in session.graph.get_operations() if op.type in _VARIABLES]
        with session.graph.as_default():
            values: dict[str, NDArray[Any]] = session.run({op.name: _read(op) for op in operations})
    return {name: np.asarray(value) for name, value in values.items()}


def _read(operation: Any) -> Any:
    (tensor,) = operation.outputs
    if operation.type == "VarHandleOp":
        return tf.raw_ops.ReadVariableOp(resource=tensor, dtype=operation.get_attr("dtype"))
    return tensor


class loaded_session:  # noqa: N801  # a context manager that reads like a function
    """Lends a session with a SavedModel in it, and the `MetaGraphDef` that it was loaded by.

    Args:
        folder: With `saved_model.pb`.

    Raises:
        OptimiseError: It cannot be loaded.
    """

    def __init__(self, folder: Path) -> None:
        tf.get_logger().setLevel(logging.ERROR)  # the loader calls itself deprecated each time
        self._session = tf.compat.v1.Session(graph=tf.Graph())
        try:
            with self._session.graph.as_default():
                load = tf.compat.v1.saved_model.loader.load
                self._meta_graph = load(self._session, [SERVE_TAG], str(folder))
        except (OSError, RuntimeError, ValueError, tf.errors.OpError) as error:
            self._session.close()
            reason = str(getattr(error, "message", None) or error)[:_MESSAGE_MAX]
            raise OptimiseError(f"TensorFlow cannot load {folder}: {reason}") from error

    def __enter__(self) -> tuple[Any, Any]:
        return self._session, self._meta_graph

    def __exit__(self, *_: object) -> None:
        self._session.close()
