"""What something was measured on."""

import os
import platform
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Machine:
    """The facts that times depend on most.

    Attributes:
        cpus: How many of its processors this process may use.
        architecture: Such as `x86_64`.
        system: Such as `Linux`.
    """

    cpus: int
    architecture: str
    system: str

    @classmethod
    def this(cls) -> Self:
        """Return the facts of the machine that this runs on."""
        is_limited = hasattr(os, "sched_getaffinity")
        cpus = len(os.sched_getaffinity(0)) if is_limited else os.cpu_count()
        return cls(cpus or 1, platform.machine(), platform.system())
