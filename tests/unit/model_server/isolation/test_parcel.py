"""Tensors packed for the way to a worker, and unpacked."""

import os
from collections.abc import Iterator

import ml_dtypes
import numpy as np
import pytest

from model_server.isolation.parcel import end_of, pack, unpack
from model_server.isolation.shared_memory import Block
from model_server.runtimes import Tensor

LARGE = 100_000


@pytest.fixture
def block() -> Iterator[Block]:
    block = Block()
    yield block
    block.close()


def strings(*values: bytes, shape: tuple[int, ...] = (-1,)) -> Tensor:
    array = np.empty(len(values), object)
    array[:] = values
    return array.reshape(shape)


@pytest.mark.parametrize(
    "tensor",
    [
        np.array(True),
        np.array(2.5, np.float16),
        np.arange(24, dtype=np.int64).reshape(2, 3, 4),
        np.zeros((0, 3), np.float32),
        np.zeros((2, 0, 4), np.complex128),
        np.array([1, 2, 3], ml_dtypes.bfloat16),
        np.ones(LARGE, ml_dtypes.bfloat16),
        np.arange(300_000, dtype=np.uint32)[::3],
        np.arange(300_000, dtype=np.float64).reshape(500, 600).T,
        np.asfortranarray(np.ones((300, 400), np.complex64)),
        np.array(b"\xff\x00", object),
        strings(),
        strings(shape=(3, 0)),
        strings(b"", b"a" * LARGE, b"\x00", b"b", shape=(2, 2)),
    ],
    ids=lambda tensor: f"{tensor.dtype}{tensor.shape}",
)
def test_tensors_are_unpacked_as_they_were_packed(block: Block, tensor: Tensor) -> None:
    """Whatever their type, shape, size and order in memory."""
    packed = pack({"x": tensor}, block)

    unpacked = unpack(packed, block)["x"]

    assert (unpacked.dtype, unpacked.shape) == (tensor.dtype, tensor.shape)
    assert np.array_equal(unpacked, tensor)


def test_tensors_lie_side_by_side(block: Block) -> None:
    """Each begins at a multiple of 64, after what is taken already; strings have their lengths."""
    tensors = {
        "bytes": np.zeros(70, np.uint8),
        "strings": strings(b"abc", b""),
        "nothing": np.zeros((0, 2)),
        "number": np.array(2.5),
    }

    packed = pack(tensors, block, start=10)

    places = {each.alias: (each.offset, each.size) for each in packed}
    assert places == {
        "bytes": (64, 70),
        "strings": (192, 19),
        "nothing": (256, 0),
        "number": (256, 8),
    }
    assert end_of(packed) == 264


def test_nothing_needs_no_shared_memory(block: Block) -> None:
    """A block that nobody writes into takes none."""
    packed = pack({"x": np.zeros((3, 0))}, block)

    assert end_of(packed) == end_of([]) == 0
    assert os.fstat(block.fd).st_size == 0


def test_unpacked_tensors_have_memory_of_their_own(block: Block) -> None:
    """What the next call writes does not change them, and TensorFlow can use them as they are."""
    unpacked = unpack(pack({"x": np.full(LARGE, 1, np.uint8)}, block), block)["x"]

    pack({"x": np.full(LARGE, 2, np.uint8)}, block)

    assert (unpacked == 1).all()
    assert unpacked.ctypes.data % 64 == 0


@pytest.mark.parametrize("dtype", ["S3", "U3", [("qint8", "i1")], "V4"])
def test_types_that_tensorflow_does_not_share_are_refused(block: Block, dtype: object) -> None:
    """The message names the tensor and the type, as it does without a worker."""
    kind = np.dtype(dtype)  # type: ignore[call-overload]  # the point of the test

    with pytest.raises(ValueError, match=r"^x: expected a data type that TensorFlow shares, got "):
        pack({"x": np.zeros(1, kind)}, block)
