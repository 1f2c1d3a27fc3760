"""Calls as sequences of steps: what to do next is decided once, for threads and for asyncio.

An `Operation` is a generator. It yields a step, and whoever drives it carries the step out and
hands back what came of it: `run` with a function that blocks, `run_async` with one that does not.
Everything that is decided (what to send, where to, whether to try again, what an answer means) is
decided in operations; see `_core`.
"""

from collections.abc import Awaitable, Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from serving_client._calls import Call
from serving_client._target import Target
from serving_client._transport import Headers, Reply, TransportError

__all__ = [
    "Attempt",
    "Disconnect",
    "Lookup",
    "Operation",
    "Pause",
    "Race",
    "Raced",
    "Step",
    "Together",
    "Work",
    "run",
    "run_async",
]

R = TypeVar("R")


@dataclass(frozen=True, slots=True, eq=False)
class Attempt:
    """Send a call to one server. Comes back as its `Reply`, or as a `TransportError`."""

    call: Call[Any]
    target: Target
    timeout_s: float
    headers: Headers = ()


@dataclass(frozen=True, slots=True, eq=False)
class Race:
    """Send a call; if no answer came after a while, send it elsewhere, too.

    The first answer wins, and the other attempt is cancelled. An attempt that fails leaves the
    field to the other one. Comes back as `Raced`.

    Attributes:
        first: the attempt to begin with.
        delay_s: when to start the second one, seconds after the first.
        second: makes it, or says with None that there shall be none.
    """

    first: Attempt
    delay_s: float
    second: Callable[[], Attempt | None]


@dataclass(frozen=True, slots=True, eq=False)
class Raced:
    """How a race ended.

    Attributes:
        winner: the attempt that was answered; None if all failed.
        reply: its answer.
        failures: the attempts that failed, in the order in which they did.
    """

    winner: Attempt | None
    reply: Reply[Any] | None
    failures: tuple[tuple[Attempt, TransportError], ...] = ()


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait for so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Lookup:
    """Ask for all addresses of a name. Comes back as a tuple of them; an empty one if none."""

    host: str
    port: int
    timeout_s: float


@dataclass(frozen=True, slots=True)
class Disconnect:
    """Give up the connections to some servers, each as soon as no attempt uses it.

    A later attempt makes new ones.
    """

    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """Compute something that takes long enough to hold up an event loop, or that reads a file.

    Comes back as what the function returns.
    """

    compute: Callable[[], Any]


@dataclass(frozen=True, slots=True, eq=False)
class Together:
    """Drive several operations to their ends, some at a time.

    Comes back as a tuple of their results, in their order. If one fails, the others are ended.
    """

    operations: Sequence["Operation[Any]"]
    concurrency: int


Step: TypeAlias = Attempt | Race | Pause | Lookup | Disconnect | Work | Together
Operation: TypeAlias = Generator[Step, Any, R]


def run(operation: Operation[R], carry_out: Callable[[Step], Any]) -> R:
    """Drives an operation to its end, and returns its result."""
    try:
        step = next(operation)
        while True:
            try:
                outcome = carry_out(step)
            except Exception as error:  # noqa: BLE001  the operation decides what to do about it
                step = operation.throw(error)
            else:
                step = operation.send(outcome)
    except StopIteration as end:
        result: R = end.value
        return result
    finally:
        operation.close()


async def run_async(operation: Operation[R], carry_out: Callable[[Step], Awaitable[Any]]) -> R:
    """Drives an operation to its end, and returns its result."""
    try:
        step = next(operation)
        while True:
            try:
                outcome = await carry_out(step)
            except Exception as error:  # noqa: BLE001  the operation decides what to do about it
                step = operation.throw(error)
            else:
                step = operation.send(outcome)
    except StopIteration as end:
        result: R = end.value
        return result
    finally:
        operation.close()
