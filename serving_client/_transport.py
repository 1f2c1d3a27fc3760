"""The seam between what a call means and what carries it."""

from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import grpc

from serving_client._calls import Call

__all__ = ["Reply", "Transport", "TransportError"]

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Reply(Generic[R]):
    """The answer to one attempt, and where its time went, in seconds."""

    value: R
    encode_s: float = 0.0
    wire_s: float = 0.0
    decode_s: float = 0.0


class TransportError(Exception):
    """One attempt failed. The client decides whether there is another.

    Attributes:
        code: the status.
        detail: the words that came with it.
    """

    def __init__(self, code: grpc.StatusCode, detail: str) -> None:
        super().__init__(f"{code.name}: {detail}")
        self.code = code
        self.detail = detail


class Transport(Protocol):
    """Carries calls to a server and answers back. Safe to use from many threads."""

    def send(self, call: Call[R], *, timeout_s: float) -> Reply[R]:
        """Makes one attempt.

        Args:
            call: what to ask.
            timeout_s: when to give up, in seconds from now; positive.

        Raises:
            TransportError: the attempt failed.
            AnswerError: the answer makes no sense.
        """

    def close(self) -> None:
        """Ends what is in flight and frees all connections. May be called again."""
