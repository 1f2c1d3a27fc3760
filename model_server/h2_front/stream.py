"""One stream: a call over a connection, in both directions."""

from dataclasses import dataclass
from typing import Protocol

from model_server.h2_front.inflow import Inflow
from model_server.h2_front.outflow import Outflow
from model_server.status import ServingError

WINDOW = 4 << 20
"""How much of a request a client may send before it is told that there is more room, bytes."""


class Visit(Protocol):
    """A call, as far as the stream knows it.

    Attributes:
        stream: Its number.
        inflow: The request.
        refusal: Why it is not run, if it is not.
        is_gone: Whether nobody waits for the answer any more.
        deadline: When its client gives up, by `time.monotonic`.
    """

    stream: int
    inflow: Inflow
    refusal: ServingError | None
    is_gone: bool

    @property
    def deadline(self) -> float:
        """See above."""

    def note_received(self) -> None:
        """Note that the request has come, or that no more of it is waited for."""

    def run(self) -> None:
        """Answer."""

    def left(self) -> None:
        """Do what is to be done once the client has left; `is_gone` says it already."""


@dataclass(slots=True)
class Stream:
    """A stream.

    Attributes:
        visit: The call.
        outflow: The answer.
        began_s: When it began, by `time.monotonic`.
        seen_s: When it was last seen to that the request comes on; at first, when it began.
        seen: How much of the request had come by then, bytes.
        room: How much more its client may send.
        unread: How much it sent that it was not told of yet that there is room again.
        is_heard: Whether its client has said all.
        is_handed_over: Whether the call is with whoever answers it.
    """

    visit: Visit
    outflow: Outflow
    began_s: float
    seen_s: float
    seen: int = 0
    room: int = WINDOW
    unread: int = 0
    is_heard: bool = False
    is_handed_over: bool = False
