"""Makes constants of the variables of a graph that only reads them.

TensorFlow prepares the weights of an operation once if they are constants (it lays them out as the
processor's multiplications want them), and at each call if they are variables. Graphs that write
variables, or hold a state of another kind, are left alone.
"""

import logging
import time
from collections.abc import Collection, Iterable
from itertools import chain
from math import prod
from typing import Any

import tensorflow as tf
from tensorflow.python.framework import op_def_registry
from tensorflow.python.framework.convert_to_constants import (
    convert_variables_to_constants_from_session_graph,
)

logger = logging.getLogger(__name__)

# What TensorFlow's conversion knows of operations that are given variables, and what changes no
# state although it counts as stateful.
_KNOWN = frozenset(
    (
        "Assert", "Case", "Enter", "Exit", "Identity", "If", "Merge", "NextIteration",
        "PartitionedCall", "ReadVariableOp", "StatefulPartitionedCall", "StatelessIf",
        "StatelessWhile", "Switch", "VarHandleOp", "While",
    )
)  # fmt: skip


def frozen(session: Any, ends: Collection[Any], max_bytes: int) -> Any | None:
    """Copy what lies between the ends of a graph, with constants in place of variables.

    Args:
        session: Holds the graph and the values of its variables. It is left as it is.
        ends: All tensors (`tf.Tensor`) that are fed or fetched.
        max_bytes: Most that the variables may hold together. A constant takes several times the
            memory of a variable, because TensorFlow keeps copies of the graph.

    Returns:
        A `tf.Graph` with the ends under their old names, or `None` where there is nothing to gain
        or something to lose.
    """
    operations = _ancestors(end.op for end in ends)
    variables = [each.node_def for each in operations if each.type == "VarHandleOp"]
    size = sum(map(_bytes, variables))
    if not 0 < size <= max_bytes:
        return None
    graph_def = session.graph.as_graph_def()
    if not _only_reads((each.node_def for each in operations), graph_def.library):
        return None
    start = time.perf_counter()
    graph = tf.Graph()
    try:
        constant = convert_variables_to_constants_from_session_graph(
            session, graph_def, sorted({end.op.name for end in ends})
        )
        with graph.as_default():
            tf.import_graph_def(constant, name="")
    except Exception:
        # Whatever TensorFlow stumbles over there, the model can be served without it.
        logger.warning("variables stay variables: they cannot be made constants", exc_info=True)
        return None
    took_s = time.perf_counter() - start
    logger.info("froze %d variables of %.1f MB in %.1f s", len(variables), size / 1e6, took_s)
    return graph


def _ancestors(operations: Iterable[Any]) -> set[Any]:
    """Find the operations that these need, themselves among them."""
    found: set[Any] = set()
    waiting = list(operations)
    while waiting:
        operation = waiting.pop()
        if operation not in found:
            found.add(operation)
            waiting += [tensor.op for tensor in operation.inputs]
            waiting += operation.control_inputs
    return found


def _bytes(variable: Any) -> float:
    """Return how much a variable holds; endless if its shape is not known."""
    shape = tf.TensorShape(variable.attr["shape"].shape)
    if not shape.is_fully_defined():
        return float("inf")
    return float(prod(shape.as_list()) * tf.dtypes.as_dtype(variable.attr["dtype"].type).size)


def _only_reads(nodes: Iterable[Any], library: Any) -> bool:
    """Say whether nodes and the functions that they call change no state, and hold none."""
    functions = {each.signature.name: each for each in library.function}
    waiting, seen = list(nodes), set[str]()
    while waiting:
        node = waiting.pop()
        if not _is_harmless(node):
            return False
        for name in _called(node) - seen:
            if name not in functions:
                return False
            seen.add(name)
            waiting += functions[name].node_def
    # The conversion makes constants of those outside of functions.
    inner = chain.from_iterable(functions[name].node_def for name in seen)
    return not any(node.op == "VarHandleOp" for node in inner)


def _is_harmless(node: Any) -> bool:
    definition = op_def_registry.get(node.op)
    if definition is None:
        return False
    return node.op in _KNOWN or not (definition.is_stateful or _has_resources(node))


def _has_resources(node: Any) -> bool:
    """Say whether one of the types that a node deals with is that of a variable."""
    types = (type_ for value in node.attr.values() for type_ in (value.type, *value.list.type))
    return tf.resource.as_datatype_enum in types


def _called(node: Any) -> set[str]:
    """Return the functions that a node calls."""
    values = node.attr.values()
    names = {function.name for value in values for function in (value.func, *value.list.func)}
    return names - {""}
