"""A program that loads and unloads isolated versions, and ends badly if it has anything left.

It has a process of its own, because descriptors, threads and memory are those of a process.
"""

import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil

from model_server.call import Call
from model_server.config import Flags
from model_server.isolation.runtime import IsolatedRuntime
from model_server.servable import ServableId
from model_server.testing import wait_until
from tests.integration.model_server.isolation.obedient_models import BUILDER

GROWTH_BYTES_MAX = 60_000_000


def usage() -> tuple[int, int, int]:
    """Descriptors, threads and children of this process."""
    me = psutil.Process()
    return me.num_fds(), me.num_threads(), len(me.children())


def has_no_more_than(before: tuple[int, int, int]) -> bool:
    """Whether everything that was in use for a moment has been given back."""
    now = usage()
    print("descriptors, threads, children:", now, "of", before, flush=True)  # noqa: T201
    return all(count <= once for count, once in zip(now, before, strict=True))


def cycle(path: Path, count: int) -> None:
    """Load and unload a version so often, with a call in between."""
    flags = Flags(model_base_path="unused", isolate_models=True)
    runtime = IsolatedRuntime(flags, BUILDER, Path.is_dir)
    tensor = np.ones(2_000_000, np.uint8)
    for _ in range(count):
        servable = runtime.load(ServableId("m", 1), path)
        answer = servable.run("echo", {"x": tensor}, ["x"], Call())
        assert np.array_equal(answer["x"], tensor)
        servable.close()


def cycles(path: Path, count: int) -> None:
    """Load a version so often in each of four threads."""
    with ThreadPoolExecutor(4) as pool:
        for each in [pool.submit(cycle, path, count) for _ in range(4)]:
            each.result()


def main(path: Path) -> None:
    """Load a version two hundred times, after some for what is there to stay."""
    cycles(path, 5)
    before, memory_bytes = usage(), psutil.Process().memory_info().rss

    cycles(path, 50)

    wait_until(lambda: has_no_more_than(before))
    assert list(Path(tempfile.gettempdir()).iterdir()) == []
    assert psutil.Process().memory_info().rss - memory_bytes < GROWTH_BYTES_MAX


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        tempfile.tempdir = folder
        main(Path(sys.argv[1]))
