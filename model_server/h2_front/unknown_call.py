"""A call of something that nobody answers."""

from math import inf

from model_server.h2_front.headers import error_trailers, plain_head
from model_server.h2_front.inflow import Inflow
from model_server.h2_front.reply import Reply
from model_server.status import Code, ServingError


class UnknownCall:
    """It is refused at once, and not written down: its name is the client's own.

    Args:
        reply: Where the answer goes.
        inflow: The request, of which nothing is taken in.
    """

    deadline = inf

    def __init__(self, reply: Reply, inflow: Inflow) -> None:
        self.stream = reply.stream
        self.inflow = inflow
        self.refusal: ServingError | None = ServingError(Code.UNIMPLEMENTED, "Method not found!")
        self.is_gone = False
        self._reply = reply

    def note_received(self) -> None:
        """Nothing is measured."""

    def run(self) -> None:
        """Answer."""
        if self.refusal:
            self._reply.send(plain_head(), (), error_trailers(self.refusal))

    def left(self) -> None:
        """Nobody is told."""
