"""A servable: one version of one model, and where it stands in its life."""

from dataclasses import dataclass
from enum import IntEnum

from model_server.status import ServingError


class State(IntEnum):
    """The life of a version, with the numbers of `ModelVersionStatus.State`."""

    UNKNOWN = 0
    START = 10
    LOADING = 20
    AVAILABLE = 30
    UNLOADING = 40
    END = 50


@dataclass(frozen=True, slots=True)
class ServableId:
    """The name of a model and the number of a version.

    Example:
        >>> print(ServableId("ssd", 3))
        {name: ssd version: 3}
    """

    name: str
    version: int

    def __post_init__(self) -> None:
        if self.version < 0:
            raise ValueError(f"expected a version of at least 0, got {self.version}")

    def __str__(self) -> str:
        return f"{{name: {self.name} version: {self.version}}}"


@dataclass(frozen=True, slots=True)
class VersionState:
    """A version's state at one moment.

    `error` is the last failure to load it. A version that is `LOADING` with an error waits to be
    tried again; one that is at its `END` with an error has been given up.
    """

    id: ServableId
    state: State
    error: ServingError | None = None
