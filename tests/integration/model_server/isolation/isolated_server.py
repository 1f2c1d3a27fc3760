"""A process for tests to kill: it holds one isolated version, and says which process has it."""

import sys
from pathlib import Path

import numpy as np

from model_server.call import Call
from model_server.config import Flags
from model_server.runtimes.messages_only import import_messages_only
from model_server.servable import ServableId
from tests.integration.model_server.isolation.obedient_models import BUILDER


def main() -> None:
    """Load, make a call with a large tensor, print the number of the worker, and wait."""
    import_messages_only()
    from model_server.isolation.runtime import IsolatedRuntime  # noqa: PLC0415  # after the line above

    flags = Flags(model_base_path="unused", isolate_models=True)
    runtime = IsolatedRuntime(flags, BUILDER, Path.is_dir)
    servable = runtime.load(ServableId("m", 1), Path(sys.argv[1]))
    servable.run("echo", {"x": np.ones(10_000_000, np.uint8)}, ["x"], Call())
    print(servable.run("pid", {}, ["pid"], Call())["pid"], flush=True)  # noqa: T201
    sys.stdin.read()


if __name__ == "__main__":
    main()
