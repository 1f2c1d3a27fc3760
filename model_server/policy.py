"""Which versions to aspire, and what to do next to get there: decisions without side effects."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from model_server.servable import State


class ServableVersionPolicy(Protocol):
    """Chooses the versions to serve among those found."""

    def choose(self, found: Collection[int]) -> frozenset[int]:
        """Return the versions to serve, a subset of `found`."""


@dataclass(frozen=True, slots=True)
class Latest:
    """Serve the versions with the highest numbers.

    Example:
        >>> sorted(Latest(2).choose({1, 2, 10}))
        [2, 10]
    """

    num_versions: int = 1

    def __post_init__(self) -> None:
        if self.num_versions < 1:
            raise ValueError(f"expected num_versions of at least 1, got {self.num_versions}")

    def choose(self, found: Collection[int]) -> frozenset[int]:
        """Return the highest `num_versions` versions."""
        return frozenset(sorted(found)[-self.num_versions :])


@dataclass(frozen=True, slots=True)
class All:
    """Serve every version."""

    def choose(self, found: Collection[int]) -> frozenset[int]:
        """Return `found`."""
        return frozenset(found)


@dataclass(frozen=True, slots=True)
class Specific:
    """Serve the listed versions, as far as they exist."""

    versions: frozenset[int]

    def choose(self, found: Collection[int]) -> frozenset[int]:
        """Return the listed versions that were found."""
        return self.versions.intersection(found)


@dataclass(frozen=True, slots=True)
class AspiredState:
    """What the availability preserving policy looks at: a version, its state, is it wanted."""

    version: int
    state: State
    aspired: bool


class Verb(Enum):
    """What can be done to a version."""

    LOAD = "load"
    UNLOAD = "unload"


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do to one version."""

    verb: Verb
    version: int


def next_action(versions: Iterable[AspiredState]) -> Action | None:
    """Return the next step towards the aspired versions of one model that keeps it available.

    This is TensorFlow Serving's `AvailabilityPreservingPolicy`. A version nobody aspires any more
    is unloaded once an aspired one is available, or when nothing at all is aspired, or when
    another one is left to bridge the gap. Then new versions are loaded, the highest first.

    Example:
        >>> old = AspiredState(1, State.AVAILABLE, aspired=False)
        >>> next_action([old, AspiredState(2, State.START, aspired=True)])
        Action(verb=<Verb.LOAD: 'load'>, version=2)
        >>> next_action([old, AspiredState(2, State.LOADING, aspired=True)])
        >>> next_action([old, AspiredState(2, State.AVAILABLE, aspired=True)])
        Action(verb=<Verb.UNLOAD: 'unload'>, version=1)
    """
    versions = tuple(versions)
    aspired = {each.state for each in versions if each.aspired}
    leftover = [v.version for v in versions if not v.aspired and v.state is State.AVAILABLE]
    if leftover and (not aspired or State.AVAILABLE in aspired or len(leftover) > 1):
        return Action(Verb.UNLOAD, min(leftover))
    new = [v.version for v in versions if v.aspired and v.state is State.START]
    return Action(Verb.LOAD, max(new)) if new else None
