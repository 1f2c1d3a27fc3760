"""What goes into a worker process and comes out of it."""

from concurrent.futures import ThreadPoolExecutor

import ml_dtypes
import numpy as np

from model_server.call import Call
from model_server.runtimes import Tensor
from tests.integration.model_server.isolation.isolated import Load, echo, strings


def some_tensors() -> dict[str, Tensor]:
    """Tensors of all kinds, small and large."""
    random = np.random.default_rng(7)
    types = [
        np.bool_, np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64,
        np.float16, ml_dtypes.bfloat16, np.float32, np.float64, np.complex64, np.complex128,
    ]  # fmt: skip
    shapes = [(), (0, 3), (5,), (2, 3, 4), (100_000,), (3, 50_001)]
    return {
        f"{np.dtype(kind).name} {shape}": random.integers(0, 100, shape).astype(kind)
        for kind in types
        for shape in shapes
    } | {
        "string": np.array(b"\xff\x00", object),
        "no strings": strings(shape=(0, 2)),
        "strings": strings(b"", b"a" * 100_000, b"\x00", b"b", shape=(2, 2)),
        "a picture": random.integers(0, 256, (1, 480, 640, 3), np.uint8),
        "every other column": random.random((300, 400))[:, ::2],
        "the other way round": random.random((300, 400)).T,
    }


def test_tensors_of_every_kind_arrive_as_they_are(load: Load) -> None:
    """Whatever their type, shape, size and order in memory; one by one, and all in one call."""
    servable, tensors = load(), some_tensors()

    for alias, tensor in tensors.items():
        echo(servable, {alias: tensor})
    echo(servable, tensors)
    echo(servable, {})


def test_many_threads_share_two_workers(load: Load) -> None:
    """Eight threads send tensors of all sizes, up to 30 MB, and each gets its own back."""
    servable, tensors = load(workers_per_model=2), list(some_tensors().items())

    def call_often(seed: int) -> None:
        random = np.random.default_rng(seed)
        for index in random.permutation(len(tensors)):
            echo(servable, dict([tensors[index]]), Call.within(60))
            echo(servable, {"x": random.integers(0, 256, 1_000_000 + 1000 * seed, np.uint8)})
        echo(servable, {"x": random.integers(0, 256, 30_000_000, np.uint8)})

    with ThreadPoolExecutor(8) as pool:
        for caller in [pool.submit(call_often, seed) for seed in range(8)]:
            caller.result()


def test_what_a_model_keeps_is_not_overwritten_by_the_next_call(load: Load) -> None:
    """A variable that was assigned an input may share its memory."""
    servable = load()
    kept, other = np.full(1_000_000, 1, np.uint8), np.full(1_000_000, 2, np.uint8)

    servable.run("keep", {"x": kept}, [], Call())
    echo(servable, {"x": other})

    assert np.array_equal(servable.run("kept", {}, ["x"], Call())["x"], kept)


def test_answers_are_not_overwritten_by_the_next_call(load: Load) -> None:
    """An array belongs to whoever called for it."""
    servable = load()
    first = servable.run("echo", {"x": np.full(1_000_000, 1, np.uint8)}, ["x"], Call())["x"]

    echo(servable, {"x": np.full(1_000_000, 2, np.uint8)})

    assert first.min() == first.max() == 1
