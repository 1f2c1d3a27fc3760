"""Variables that become constants, in models that are loaded for real."""

import gc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from model_server.call import Call
from model_server.runtimes import Servable
from model_server.runtimes.saved_model import SavedModelRuntime
from model_server.servable import ServableId
from model_server.status import ServingError
from tests.integration.model_server import kinds_of_models as kinds

ID = ServableId("default", 1)
X = np.array([1, 2], np.float32)
FLOATS = tf.TensorSpec([None], tf.float32, "x")

Save = Callable[[Path], None]


def save(path: Path, function: Any, **state: Any) -> None:
    """Save a function of `x` together with what it uses."""
    module = tf.Module()
    module.state = state
    module.call = tf.function(function, input_signature=[FLOATS])
    tf.saved_model.save(module, str(path), signatures=module.call)


def save_branches(path: Path) -> None:
    """Variables within branches, and within a loop."""
    up, down, step = tf.Variable(10.0), tf.Variable(-10.0), tf.Variable(1.0)

    def call(x: Any) -> Any:
        chosen = tf.cond(tf.reduce_sum(x) > 0, lambda: x + up, lambda: x + down)
        return {
            "y": tf.while_loop(lambda i, _: i < 3, lambda i, y: (i + 1, y + step), [0, chosen])[1]
        }

    save(path, call, all=[up, down, step])


def save_rows(path: Path) -> None:
    """Rows that are looked up in a variable."""
    rows = tf.Variable([[0.0], [10.0], [20.0]])
    save(path, lambda x: {"y": tf.gather(rows, tf.cast(x, tf.int32))[:, 0]}, rows=rows)


def save_half_used(path: Path) -> None:
    """An input that no output depends on."""
    factor = tf.Variable(3.0)

    @tf.function(input_signature=[FLOATS, tf.TensorSpec([], tf.float32, "unused")])  # type: ignore[untyped-decorator]
    def call(x: Any, unused: Any) -> Any:  # noqa: ARG001  # as it says
        return {"y": factor * x}

    module = tf.Module()
    module.factor, module.call = factor, call
    tf.saved_model.save(module, str(path), signatures=call)


def save_checked(path: Path) -> None:
    """A model that refuses what is not positive."""
    factor = tf.Variable(3.0)

    def call(x: Any) -> Any:
        tf.debugging.assert_positive(x, "what is this")
        return {"y": factor * x}

    save(path, call, factor=factor)


def save_random(path: Path) -> None:
    """A model that answers otherwise each time."""
    factor = tf.Variable(3.0)
    save(path, lambda x: {"y": x + factor * tf.random.uniform([2])}, factor=factor)


def save_of_unknown_shape(path: Path) -> None:
    """A variable that may be of any size."""
    factor = tf.Variable(3.0, shape=tf.TensorShape(None))
    save(path, lambda x: {"y": factor * x}, factor=factor)


def save_passed_on(path: Path) -> None:
    """A variable that goes through an operation that may pass on anything."""
    factor = tf.Variable(3.0)

    def call(x: Any) -> Any:
        handle, _ = tf.raw_ops.IdentityN(input=[factor.handle, x])
        return {"y": tf.raw_ops.ReadVariableOp(resource=handle, dtype=tf.float32) * x}

    save(path, call, factor=factor)


def save_measured(path: Path) -> None:
    """A variable of which only the shape is asked for, and then the value."""
    factor = tf.Variable([3.0, 3.0])

    def call(x: Any) -> Any:
        size = tf.raw_ops.VariableShape(input=factor.handle)
        return {"y": factor * x + tf.cast(size, tf.float32)}

    save(path, call, factor=factor)


def save_found_by_name(path: Path) -> None:
    """A variable that a function finds again by itself, and that is given to the graph as well."""
    factor = tf.Variable(3.0, name="factor")

    @tf.function(input_signature=[])  # type: ignore[untyped-decorator]
    def found() -> Any:
        handle = tf.raw_ops.VarHandleOp(dtype=tf.float32, shape=[], shared_name="factor")
        return tf.raw_ops.ReadVariableOp(resource=handle, dtype=tf.float32)

    save(path, lambda x: {"y": 0.5 * (factor + found()) * x}, factor=factor)


def load(path: Path, freeze_max_bytes: int = 1000) -> Any:
    return SavedModelRuntime(freeze_max_bytes=freeze_max_bytes).load(ID, path)


def is_frozen(model: Any) -> bool:
    """Say whether the graph that is run has no variables."""
    graph = model._session.graph.as_graph_def()
    nodes = [*graph.node, *(node for each in graph.library.function for node in each.node_def)]
    return not any(node.op in {"VarHandleOp", "VariableV2"} for node in nodes)


def number_of_graphs() -> int:
    """Count the graphs in memory, those that await their removal among them."""
    return sum(type(each) is tf.Graph for each in gc.get_objects())


def run(model: Servable, **inputs: Any) -> Any:
    arrays = {alias: np.asarray(value, np.float32) for alias, value in inputs.items()}
    return model.run("serving_default", arrays, ["y"], Call())["y"].tolist()


@pytest.mark.parametrize(
    ("saved", "inputs", "expected"),
    [
        (save_branches, {"x": [1, 2]}, [14, 15]),
        (save_branches, {"x": [-1, -2]}, [-8, -9]),
        (save_half_used, {"x": [1, 2], "unused": 7}, [3, 6]),
        (save_checked, {"x": [1, 2]}, [3, 6]),
        (kinds.save_mirrored, {"x": [1, 2]}, [3, 6]),
    ],
)
def test_a_model_that_only_reads_its_variables_answers_the_same_without_them(
    tmp_path: Path, saved: Save, inputs: dict[str, Any], expected: list[float]
) -> None:
    """Wherever in the graph they are read; and every input can still be fed."""
    saved(tmp_path)

    frozen, plain = load(tmp_path), load(tmp_path, 0)

    assert (is_frozen(frozen), is_frozen(plain)) == (True, False)
    assert run(frozen, **inputs) == run(plain, **inputs) == expected


def test_a_frozen_model_still_refuses_what_it_refused(tmp_path: Path) -> None:
    """Checks within the graph are no outputs, and are kept all the same."""
    save_checked(tmp_path)
    model = load(tmp_path)

    with pytest.raises(ServingError, match="what is this"):
        run(model, x=[-1.0])


@pytest.mark.parametrize(
    "saved",
    [
        kinds.save_counter,  # writes
        kinds.save_tf2,  # one signature has a table, whose content is a state of another kind
        kinds.save_tf1_with_reference_variables,  # may be written by operations that look harmless
        save_random,
        save_rows,  # TensorFlow's conversion does not know this way of reading
        save_of_unknown_shape,
        save_passed_on,  # nor this one
        save_measured,  # nor this
        save_found_by_name,  # nor this
    ],
)
def test_a_model_that_has_a_state_keeps_its_variables(tmp_path: Path, saved: Save) -> None:
    """One operation that may change something, in any signature, is enough."""
    saved(tmp_path / "1")

    model = load(tmp_path / "1")

    assert not is_frozen(model)


def test_a_variable_that_is_found_by_name_is_there(tmp_path: Path) -> None:
    """It would not be if it had become a constant elsewhere in the graph."""
    save_found_by_name(tmp_path)

    assert run(load(tmp_path), x=[1, 2]) == [3, 6]


def test_a_variable_that_another_signature_writes_stays_one(tmp_path: Path) -> None:
    """Who reads it sees what was written."""
    kinds.save_counter(tmp_path)
    model = load(tmp_path)

    model.run("serving_default", {"by": np.array(5, np.int64)}, ["count"], Call())

    assert model.run("current", {}, ["count"], Call()) == {"count": 5}


@pytest.mark.parametrize(("limit", "expected"), [(11, False), (12, True)])
def test_what_is_too_large_stays_as_it_is(tmp_path: Path, *, limit: int, expected: bool) -> None:
    """All variables count together: here three of four bytes each."""
    save_branches(tmp_path)

    assert is_frozen(load(tmp_path, limit)) is expected


def test_a_graph_that_cannot_be_converted_is_served_with_variables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is a matter of speed, and never a reason not to serve."""
    save_branches(tmp_path)
    name = "model_server.runtimes.freezing.convert_variables_to_constants_from_session_graph"

    def refuse(*_: object) -> None:
        raise KeyError("no")

    monkeypatch.setattr(name, refuse)

    assert run(load(tmp_path), x=X) == [14, 15]


@pytest.mark.parametrize("saved", [save_branches, kinds.save_counter])
def test_a_closed_model_leaves_no_graph_behind(tmp_path: Path, saved: Save) -> None:
    """Nor does the form of it that was only needed to make constants."""
    saved(tmp_path)
    gc.collect()
    before = number_of_graphs()

    model = load(tmp_path)
    loaded = number_of_graphs()
    model.close()

    assert (loaded, number_of_graphs()) == (before + 1, before)
