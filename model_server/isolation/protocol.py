"""What server and worker tell each other, in JSON.

Messages are small, so what JSON costs (4 microseconds to write, as many to read) buys one that a
person can read. Tensors never pass through it: their bytes lie in the memory that the two processes
share.

A conversation is a question from the server (`Load` once, then any number of `Run`) and an answer
in turn. A server that no longer waits says so with `GiveUp`, and still gets its answer. Only then
may the next question follow.
"""

import json
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from model_server.status import Code, ServingError

PROTOCOL = 2

LANE = b"lane"
"""What comes through the lifeline with the socket and the memory of one more lane."""

HEEDED_SIGNALS = frozenset({signal.SIGINT, signal.SIGTERM})
"""Blocked in a worker, which looks who sends them."""


class PackedTensor(NamedTuple):
    """A tensor on its way.

    Attributes:
        alias: Its name in the signature.
        dtype: The name of its element type; `object` for strings.
        shape: Its shape.
        offset: Where its bytes start in the shared memory.
        size: How many there are.
    """

    alias: str
    dtype: str
    shape: Sequence[int]
    offset: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Load a version.

    Attributes:
        name: Of the model.
        version: Its number.
        path: Its folder.
        builder: The function that makes the runtime to load it with, as `module:function`.
        flags: What to call that function with: the fields of `Flags`.
    """

    name: str
    version: int
    path: str
    builder: str
    flags: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """It is loaded; the tensors are its `SignatureDef`s, as strings, by name."""

    tensors: Sequence[PackedTensor]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Run a signature.

    Attributes:
        signature: Its name.
        outputs: The aliases of the outputs to compute.
        deadline: When the client gives up, by the clock of `time.monotonic`, which all processes
            of a machine share; infinite if it waits for ever.
        tensors: The inputs. Outputs may follow them in the shared memory.
    """

    signature: str
    outputs: Sequence[str]
    deadline: float
    tensors: Sequence[PackedTensor]


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveUp:
    """Nobody waits for the answer any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The outputs of a run, and the seconds that it took by stage."""

    tensors: Sequence[PackedTensor]
    spent_s: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """What went wrong with a load or a run.

    Attributes:
        code: The number of the `Code`.
        message: For a person.
        was_dropped: Whether the call was given up before it ran.
        spent_s: The seconds that it took by stage.
    """

    code: int
    message: str
    was_dropped: bool
    spent_s: dict[str, float]

    @property
    def error(self) -> ServingError:
        """The error as the fronts know it."""
        return ServingError(Code(self.code), self.message)


Message: TypeAlias = Load | Loaded | Run | GiveUp | Done | Failed

_KINDS: dict[str, type[Message]] = {
    kind.__name__: kind for kind in (Load, Loaded, Run, GiveUp, Done, Failed)
}


def encode(message: Message) -> bytes:
    """Write a message."""
    fields = {name: getattr(message, name) for name in type(message).__slots__}
    return json.dumps({"protocol": PROTOCOL, "kind": type(message).__name__, **fields}).encode()


def decode(text: bytes) -> Message:
    """Read a message.

    Raises:
        ServingError: The other side speaks another protocol.
    """
    fields = json.loads(text)
    protocol = fields.pop("protocol")
    if protocol != PROTOCOL:
        raise ServingError(
            Code.FAILED_PRECONDITION,
            f"Server and worker speak different protocols, {PROTOCOL} and {protocol}: the program "
            "was replaced while it ran. Start the server again.",
        )
    kind = _KINDS[fields.pop("kind")]
    if "tensors" in fields:
        fields["tensors"] = [PackedTensor(*each) for each in fields["tensors"]]
    return kind(**fields)
