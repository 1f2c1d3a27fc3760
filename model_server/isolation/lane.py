"""A lane: one conversation with a worker, lent to one call at a time."""

import socket
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack, closing, suppress
from typing import TypeVar

from model_server.call import Call
from model_server.isolation.line import Line, LineClosedError
from model_server.isolation.parcel import pack, unpack
from model_server.isolation.protocol import (
    LANE,
    Done,
    Failed,
    GiveUp,
    Load,
    Loaded,
    Message,
    Run,
)
from model_server.isolation.shared_memory import Block
from model_server.runtimes import Tensor
from model_server.status import Code, ServingError

_LOOK_S = 0.1  # how soon it is noticed that a client has left

_Answer = TypeVar("_Answer", Loaded, Done)

NoteDropped = Callable[[str, Code], None]
"""Takes the signature of a call that the worker did not run, and why not."""


class WorkerLostError(Exception):
    """The worker ended before it answered."""


class Lane:
    """A line to a worker, for one question at a time.

    The worker has a thread for each lane. So the calling thread talks to the thread that runs the
    model, and no other thread has to wake up in between.

    Args:
        lifeline: Takes the other end to the worker.
        note_dropped: Told of each call that the worker did not run.

    Attributes:
        is_owed: Whether an answer is under way.

    Raises:
        OSError: There are no descriptors left, for example.
        WorkerLostError: The worker has ended.
    """

    def __init__(self, lifeline: socket.socket, note_dropped: NoteDropped) -> None:
        self.is_owed = False
        self._note_dropped = note_dropped
        self._signature = ""
        with ExitStack() as opened:
            block = opened.enter_context(closing(Block()))
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            opened.enter_context(ours)
            with theirs:
                _hand_over(theirs, block, lifeline)
            self._line = Line(ours, block)
            opened.pop_all()

    @property
    def block(self) -> Block:
        """The memory."""
        return self._line.block

    def load(self, load: Load) -> Loaded | Failed:
        """Let the worker load a version, however long it takes.

        Raises:
            WorkerLostError: It ended instead.
        """
        return _expected(Loaded, self._ask(load, Call()))

    def run(
        self, signature: str, inputs: Mapping[str, Tensor], outputs: Iterable[str], call: Call
    ) -> Done | Failed:
        """Let the worker run a signature.

        Raises:
            ServingError: The client waits no more.
            WorkerLostError: The worker ended instead.
        """
        self._signature = signature
        run = Run(
            signature=signature,
            outputs=list(outputs),
            deadline=call.deadline,
            tensors=pack(inputs, self.block),
        )
        return _expected(Done, self._ask(run, call))

    def contents(self, answer: Done | Loaded) -> dict[str, Tensor]:
        """Return the tensors of an answer, in memory of their own."""
        return unpack(answer.tensors, self.block)

    def collect(self) -> None:
        """Discard the answer to a call that was given up, if it has come."""
        with suppress(WorkerLostError):
            if self._line.has_news():
                self._receive()

    def close(self) -> None:
        """Hang up."""
        self._line.close()

    def _ask(self, question: Load | Run, call: Call) -> Message:
        self._send(question)
        self.is_owed = True
        return self._await(call)

    def _send(self, message: Message) -> None:
        try:
            self._line.send(message)
        except LineClosedError as error:
            raise WorkerLostError from error

    def _await(self, call: Call) -> Message:
        while not self._line.has_news(_wait_s(call)):
            reason = _reason_to_give_up(call)
            if reason:
                self._send(GiveUp())
                raise reason
        return self._receive()

    def _receive(self) -> Message:
        try:
            answer = self._line.receive()
        except LineClosedError as error:
            raise WorkerLostError from error
        self.is_owed = False
        if isinstance(answer, Failed) and answer.was_dropped:
            self._note_dropped(self._signature, Code(answer.code))
        return answer


def _wait_s(call: Call) -> float:
    return max(0.0, min(_LOOK_S, call.deadline - time.monotonic()))


def _hand_over(theirs: socket.socket, block: Block, lifeline: socket.socket) -> None:
    try:
        socket.send_fds(lifeline, [LANE], [theirs.fileno(), block.fd])
    except OSError as error:
        raise WorkerLostError from error


def _expected(kind: type[_Answer], answer: Message) -> _Answer | Failed:
    if isinstance(answer, kind | Failed):
        return answer
    raise ServingError(
        Code.INTERNAL, f"Expected {kind.__name__} from the worker, got {type(answer).__name__}"
    )


def _reason_to_give_up(call: Call) -> ServingError | None:
    if call.remaining_s() == 0:
        return ServingError(
            Code.DEADLINE_EXCEEDED, "Deadline exceeded while the worker process had the call"
        )
    if call.has_left():
        return ServingError(Code.CANCELLED, "Cancelled while the worker process had the call")
    return None
