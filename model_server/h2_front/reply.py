"""The way back to whoever called."""

from dataclasses import dataclass
from typing import Protocol

from model_server.h2_front.outflow import Part


class Wire(Protocol):
    """A connection to a client."""

    def send(self, number: int, head: bytes, parts: tuple[Part, ...], trailers: bytes) -> bool:
        """Send a piece of an answer; see `Streams.send`."""


@dataclass(frozen=True, slots=True)
class Reply:
    """Takes the answer of one call to its client.

    Attributes:
        wire: The connection.
        stream: The number of the call's stream.
    """

    wire: Wire
    stream: int

    def send(self, head: bytes, parts: tuple[Part, ...], trailers: bytes) -> bool:
        """Send a piece of the answer: headers, a message, headers at the end; each may be empty.

        Returns:
            Whether the client still waits for it.
        """
        return self.wire.send(self.stream, head, parts, trailers)
