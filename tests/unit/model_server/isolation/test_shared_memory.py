"""Blocks of memory that two processes share."""

import contextlib
import gc
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from model_server.isolation.shared_memory import Block

BYTE = np.dtype(np.uint8)
MIB = 1 << 20


@pytest.fixture
def block() -> Iterator[Block]:
    block = Block()
    yield block
    block.close()


@pytest.fixture
def other(block: Block) -> Iterator[Block]:
    """The same memory, as the other process has it."""
    other = Block(os.dup(block.fd))
    yield other
    other.close()


def pages_bytes(block: Block) -> int:
    """How much memory a block takes."""
    return os.fstat(block.fd).st_blocks * 512


def test_what_one_side_writes_the_other_one_reads(block: Block, other: Block) -> None:
    """Also after either of them has made it larger."""
    for size, writer, reader in ((10, block, other), (3 * MIB, other, block), (5, block, other)):
        writer.reserve(size)
        writer.view(0, [size], BYTE)[...] = size % 256

        assert (reader.view(0, [size], BYTE) == size % 256).all()


def test_a_view_has_its_place_type_and_shape(block: Block, other: Block) -> None:
    """Several of them lie side by side."""
    block.reserve(100)
    block.view(0, [2, 3], np.dtype(np.float32))[...] = np.arange(6).reshape(2, 3)
    block.view(64, [], np.dtype(np.int64))[...] = -7

    assert other.view(0, [2, 3], np.dtype(np.float32)).tolist() == [[0, 1, 2], [3, 4, 5]]
    assert int(other.view(64, [], np.dtype(np.int64))) == -7


def test_a_view_stays_valid_when_the_block_grows_and_closes() -> None:
    """Whoever looks at an array while others go on sees no other memory."""
    block = Block()
    block.reserve(MIB)
    view = block.view(0, [MIB], BYTE)
    view[...] = 3

    block.reserve(8 * MIB)
    block.view(0, [8 * MIB], BYTE)
    block.close()
    gc.collect()

    assert (view == 3).all()


def test_memory_for_usual_calls_is_kept_and_more_is_given_back(block: Block, other: Block) -> None:
    """One huge call does not cost its memory for ever, and what is left holds its content."""
    block.reserve(100 * MIB)
    block.view(0, [100 * MIB], BYTE)[...] = 1
    other.view(0, [100 * MIB], BYTE).sum()

    block.release()

    assert pages_bytes(block) == 64 * MIB
    assert (other.view(0, [64 * MIB], BYTE) == 1).all()
    other.view(99 * MIB, [MIB], BYTE)[...] = 2
    assert (block.view(99 * MIB, [MIB], BYTE) == 2).all()


def test_a_block_can_give_back_all_of_its_memory(block: Block, other: Block) -> None:
    """What was in it is zero afterwards, and it can be used as before."""
    block.reserve(MIB)
    view = block.view(0, [MIB], BYTE)
    view[...] = 1

    other.release(0)

    assert pages_bytes(block) == 0
    assert (view == 0).all()


def test_a_block_has_no_name_and_no_descriptor_after_its_end() -> None:
    """Nothing of it can be found, and nothing is left."""
    block = Block()
    block.reserve(MIB)
    block.view(0, [MIB], BYTE)[...] = 1
    descriptor = Path(f"/proc/self/fd/{block.fd}")
    file, identity = descriptor.readlink(), identity_of(descriptor)
    block.close()

    assert not file.exists()
    assert identity not in open_files()


def identity_of(descriptor: Path) -> tuple[int, int]:
    """What tells a file from all others while it is open."""
    status = descriptor.stat()
    return status.st_dev, status.st_ino


def open_files() -> set[tuple[int, int]]:
    """The files that this process has open, whichever thread closes some meanwhile."""
    identities = set()
    for each in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            identities.add(identity_of(each))
    return identities
