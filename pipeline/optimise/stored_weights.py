"""Writing a SavedModel whose weights are stored in another form than they are used in.

The new SavedModel has the signatures, assets and operations of the old one, which stock TensorFlow
Serving and TensorFlow know. Its weights are constants of the graph: int8 with their scales, or
float16. The operation that servers run once after loading (the "main op") turns them into float32
and assigns them to the variables that the model reads. So they are small on disk, and a call does
exactly what a call of the old model does. Weights that were constants before are turned into
float32 where they are used; TensorFlow folds that when it prepares the graph for its first call.
"""

import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.core.framework.node_def_pb2 import NodeDef
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

from pipeline.exceptions import OptimiseError
from pipeline.optimise.quantisation import Int8Weights
from pipeline.optimise.saved_graph import (
    INIT_SIGNATURE,
    SavedGraph,
    needed_functions,
    needed_nodes,
    node_name,
)
from pipeline.unpack import READY_FILE

Stored: TypeAlias = "Int8Weights | NDArray[Any]"
"""Weights as they are stored; an array of another type than float32 is cast to it."""

Encode: TypeAlias = Callable[[NDArray[np.float32]], Stored]

WEIGHTS_MIN = 1024
"""Smaller arrays are left alone: they are biases, statistics and the like, and save nothing."""

_LOAD_NODE = "optimised/load_weights"
_MAIN_OP = "saved_model_main_op"
_DROPPED_COLLECTIONS = ("legacy_init_op", "trainable_variables", "variables", "train_op")
_KERNEL_OPERATIONS = frozenset(
    {"Conv2D", "Conv2DBackpropInput", "Conv3D", "DepthwiseConv2dNative", "MatMul", "BatchMatMulV2"}
)
_REFERENCE_VARIABLES = frozenset({"Variable", "VariableV2"})
_PASSING_ON = frozenset({"Identity", "Reshape", "Enter"})
_BYTES_MAX = 2**31 - 1  # of a protobuf message


def is_kernel(value: NDArray[Any]) -> bool:
    """Tell whether an array is worth storing in another form: many float32, in rows."""
    return value.dtype == np.float32 and value.ndim > 1 and value.size >= WEIGHTS_MIN


def kernels(graph: SavedGraph) -> dict[str, NDArray[np.float32]]:
    """Return the weights that `save_with` would encode, by the name of their node."""
    found = {name: value for name, value in graph.variables.items() if is_kernel(value)}
    for nodes in _bodies(graph.meta_graph.graph_def):
        for node in _constant_kernels(nodes):
            found[node.name] = tf.make_ndarray(node.attr["value"].tensor)
    return found


def save_with(graph: SavedGraph, encode: Encode, folder: Path, mark: str) -> None:
    """Write a SavedModel with the weights of another one, encoded.

    Args:
        graph: The other one.
        encode: Called with each of its `kernels`.
        folder: Where to; made with its parents. `saved_model.pb` is written last.
        mark: Tells the variables of this model from those of others in one process.

    Raises:
        OptimiseError: Its weights cannot be encoded, or are too large for a single file.
        OSError: It cannot be written.
    """
    saved_model = SavedModel(saved_model_schema_version=1)
    meta_graph = saved_model.meta_graphs.add()
    meta_graph.CopyFrom(graph.meta_graph)
    for part in ("object_graph_def", "saver_def"):
        meta_graph.ClearField(part)
    for key in _DROPPED_COLLECTIONS:
        meta_graph.collection_def.pop(key, None)
    try:
        _rewrite(meta_graph, graph, encode, mark)
        content = saved_model.SerializeToString()
    except (ValueError, RecursionError) as error:
        raise OptimiseError(f"The weights of {graph.folder} cannot be stored: {error}.") from error
    if len(content) > _BYTES_MAX:
        raise OptimiseError(f"{graph.folder} is too large: its weights must fit into 2 GB.")
    folder.mkdir(parents=True, exist_ok=True)
    for assets in graph.folder.glob("assets*"):
        shutil.copytree(assets, folder / assets.name, dirs_exist_ok=True)
    (folder / READY_FILE).write_bytes(content)


def _rewrite(meta_graph: Any, graph: SavedGraph, encode: Encode, mark: str) -> None:
    graph_def = meta_graph.graph_def
    nodes = needed_nodes(graph_def.node, _ends(meta_graph, graph.init_node))
    functions = needed_functions(nodes, graph_def.library.function)
    del graph_def.node[:], graph_def.library.function[:], graph_def.library.gradient[:]
    graph_def.library.function.extend(functions)
    for function in graph_def.library.function:
        body = list(_with_encoded_constants(function.node_def, encode))
        del function.node_def[:]
        function.node_def.extend(body)
    nodes = list(_with_encoded_constants(nodes, encode))
    graph_def.node.extend(_without_references(nodes, graph, encode))
    assignments = _assign_variables(graph_def, graph, encode, mark)
    before = [graph.init_node] if graph.init_node else []
    controls = [f"^{name}" for name in (*assignments, *before)]
    graph_def.node.append(NodeDef(name=_LOAD_NODE, op="NoOp", input=controls))
    _set_init(meta_graph)


def _ends(meta_graph: Any, init_node: str | None) -> Iterator[str]:
    for signature in meta_graph.signature_def.values():
        for infos in (signature.inputs, signature.outputs):
            yield from (node_name(info.name) for info in infos.values())
    yield from (node_name(asset.tensor_info.name) for asset in meta_graph.asset_file_def)
    if init_node:
        yield init_node


def _set_init(meta_graph: Any) -> None:
    signature = meta_graph.signature_def[INIT_SIGNATURE]
    signature.ClearField("outputs")
    signature.outputs[INIT_SIGNATURE].name = _LOAD_NODE
    signature.outputs[INIT_SIGNATURE].tensor_shape.unknown_rank = True
    meta_graph.collection_def[_MAIN_OP].node_list.value[:] = [_LOAD_NODE]


def _assign_variables(graph_def: Any, graph: SavedGraph, encode: Encode, mark: str) -> list[str]:
    """Give every variable its value when the model is loaded; return the nodes that do so."""
    assignments = []
    for node in list(graph_def.node):
        if node.op != "VarHandleOp":
            continue
        value = graph.variables[node.name]
        node.attr["shared_name"].s = f"{mark}/{node.name}".encode()
        place = f"optimised/{node.name}"
        stored = encode(value) if is_kernel(value) else value
        graph_def.node.extend(_decoding(f"{place}/value", stored))
        assign = _node(f"{place}/assign", "AssignVariableOp", [node.name, f"{place}/value"])
        assign.attr["dtype"].type = node.attr["dtype"].type
        graph_def.node.append(assign)
        assignments.append(assign.name)
    return assignments


def _without_references(nodes: Iterable[Any], graph: SavedGraph, encode: Encode) -> Iterator[Any]:
    """Make constants of the variables that TensorFlow 1 had before there were resources."""
    for node in nodes:
        if node.op in _REFERENCE_VARIABLES:
            value = graph.variables[node.name]
            yield from _decoding(node.name, encode(value) if is_kernel(value) else value)
        else:
            yield node


def _with_encoded_constants(nodes: Iterable[Any], encode: Encode) -> Iterator[Any]:
    nodes = list(nodes)
    names = {node.name for node in _constant_kernels(nodes)}
    for node in nodes:
        if node.name in names:
            stored = encode(tf.make_ndarray(node.attr["value"].tensor))
            yield from _decoding(node.name, stored, in_function=True)
        else:
            yield node


def _constant_kernels(nodes: Iterable[Any]) -> Iterator[Any]:
    """Find the constants that convolutions and the like use as weights."""
    by_name = {node.name: node for node in nodes}
    found = set[str]()
    for node in by_name.values():
        if node.op not in _KERNEL_OPERATIONS:
            continue
        for tensor in node.input[:2]:
            source = _source(tensor, by_name)
            if source is not None and source.op == "Const" and source.name not in found:
                found.add(source.name)
                if is_kernel(tf.make_ndarray(source.attr["value"].tensor)):
                    yield source


def _source(tensor: str, by_name: dict[str, Any]) -> Any:
    node = by_name.get(node_name(tensor))
    while node is not None and node.op in _PASSING_ON:
        node = by_name.get(node_name(node.input[0]))
    return node


def _bodies(graph_def: Any) -> Iterator[Iterable[Any]]:
    yield graph_def.node
    yield from (function.node_def for function in graph_def.library.function)


def _decoding(name: str, stored: Stored, *, in_function: bool = False) -> Iterator[Any]:
    """Make the nodes that turn stored weights into what node `name` then gives.

    Inside a function, tensors are named by node and output; the last node is an `Identity`,
    because its output has the name that a constant's has.
    """

    def of(node: str, output: str) -> str:
        return f"{node}:{output}:0" if in_function else node

    if isinstance(stored, np.ndarray) and not _is_half(stored):
        yield _constant(name, stored)
        return
    values = stored.values if isinstance(stored, Int8Weights) else stored
    yield _constant(f"{name}/stored", values)
    cast = _node(f"{name}/cast", "Cast", [of(f"{name}/stored", "output")])
    cast.attr["SrcT"].type = tf.as_dtype(values.dtype).as_datatype_enum
    cast.attr["DstT"].type = tf.float32.as_datatype_enum
    yield cast
    last = of(cast.name, "y")
    if isinstance(stored, Int8Weights):
        yield _constant(f"{name}/scale", stored.scale)
        scaled = _node(f"{name}/scaled", "Mul", [last, of(f"{name}/scale", "output")])
        scaled.attr["T"].type = tf.float32.as_datatype_enum
        yield scaled
        last = of(scaled.name, "z")
    identity = _node(name, "Identity", [last])
    identity.attr["T"].type = tf.float32.as_datatype_enum
    yield identity


def _is_half(stored: NDArray[Any]) -> bool:
    return stored.dtype == np.float16


def _constant(name: str, value: NDArray[Any]) -> Any:
    node = _node(name, "Const", [])
    node.attr["dtype"].type = tf.as_dtype(value.dtype).as_datatype_enum
    node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value))
    return node


def _node(name: str, operation: str, inputs: list[str]) -> Any:
    return NodeDef(name=name, op=operation, input=inputs)
