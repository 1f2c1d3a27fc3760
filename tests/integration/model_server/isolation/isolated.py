"""Versions in worker processes, and what tests ask them."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from model_server.call import Call
from model_server.config import Flags
from model_server.isolation.runtime import IsolatedRuntime
from model_server.metrics import render
from model_server.runtimes import Servable, Tensor
from model_server.servable import ServableId
from tests.integration.model_server.isolation.obedient_models import BUILDER

Load = Callable[..., Servable]
NewChildren = Callable[[], set[psutil.Process]]


def loaded_from(path: Path, name: str, **flags: Any) -> Servable:
    """Load the version in a folder; whoever asks for it closes it."""
    set_flags = Flags(model_base_path="unused", isolate_models=True, **flags)
    return IsolatedRuntime(set_flags, BUILDER, Path.is_dir).load(ServableId(name, 1), path)


def pid_of(servable: Servable) -> int:
    """Ask which process answers."""
    return int(servable.run("pid", {}, ["pid"], Call())["pid"])


def echo(servable: Servable, tensors: Mapping[str, Tensor], call: Call | None = None) -> None:
    """Send tensors there and back, and make sure that they arrive as they are."""
    answer = servable.run("echo", tensors, list(tensors), call or Call())

    assert list(answer) == list(tensors)
    for alias, tensor in tensors.items():
        assert answer[alias].dtype == tensor.dtype
        assert answer[alias].shape == tensor.shape
        assert np.array_equal(answer[alias], tensor)


def has_ended(pid: int) -> bool:
    """Whether a process is gone, or would be if its parent looked."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def metric(family: str, name: str) -> list[str]:
    """The lines of a family about a model."""
    lines = render().decode().splitlines()
    return [line for line in lines if family in line and name in line]


def strings(*values: bytes, shape: tuple[int, ...] = (-1,)) -> Tensor:
    array = np.empty(len(values), object)
    array[:] = values
    return array.reshape(shape)
