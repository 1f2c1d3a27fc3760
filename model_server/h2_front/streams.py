"""The calls under way over one connection, and how each of them goes on."""

import time
from collections import deque

from http2.frames import WINDOW_DEFAULT, ErrorCode, FrameType, H2Error, frame
from model_server.h2_front.outflow import Outflow, Part, Sluice
from model_server.h2_front.patience import Patience
from model_server.h2_front.stream import Stream, Visit
from model_server.status import Code, ServingError

COST_OF_CALL = 5.0
"""How much patience a call costs that is refused or taken back, and one that is answered brings."""

_CUT_SHORT_MAX = 512
_BYTES_PER_S_MIN = 1024
# Clients round the time that they tell us up, and look at their own clocks.
_SLACK_S = 0.02
_SLACK = 0.1
_BYTES_PER_FRAME = 2048  # of answers; for so many a client may open its windows once


class Streams:
    """The open streams, by their numbers.

    Args:
        sluice: Where answers go.
        patience: What idle talk uses up.

    Attributes:
        last: The number of the newest one.
        ready: Calls whose request is complete, or that are refused; who takes them empties it.
        gone: Calls that nobody waits for any more; who takes them empties it.
    """

    def __init__(self, sluice: Sluice, patience: Patience) -> None:
        self.last = 0
        self.ready: list[Visit] = []
        self.gone: list[Visit] = []
        self._sluice = sluice
        self._patience = patience
        self._window = WINDOW_DEFAULT
        self._open: dict[int, Stream] = {}
        self._cut_short: deque[int] = deque(maxlen=_CUT_SHORT_MAX)

    def __len__(self) -> int:
        return len(self._open)

    def find(self, number: int) -> Stream | None:
        """Return an open stream; `None` if it is not open any more.

        Raises:
            H2Error: It never was.
        """
        if number > self.last or not number % 2:
            raise H2Error(ErrorCode.PROTOCOL_ERROR, f"a frame of stream {number}, which is none")
        return self._open.get(number)

    def was_cut_short(self, number: int) -> bool:
        """Whether frames of a stream that is not open may still be on their way."""
        return number in self._cut_short

    # --- requests

    def begin(self, visit: Visit) -> Stream:
        """Begin a stream with its call."""
        outflow = Outflow(visit.stream, self._window)
        now_s = time.monotonic()
        stream = self._open[visit.stream] = Stream(visit, outflow, now_s, now_s)
        return stream

    def end_request(self, stream: Stream) -> None:
        """Note that a client has said all."""
        stream.is_heard = True
        if not stream.is_handed_over:
            received = stream.visit.inflow.received
            problem = "The request is cut off" if received else "The call has no request"
            self.refuse(stream, ServingError(Code.INVALID_ARGUMENT, problem))

    def refuse(self, stream: Stream, error: ServingError) -> None:
        """Have a call answered with an error, unless it is being answered already."""
        if not stream.is_handed_over:
            stream.visit.refusal = error
            self.hand_over(stream)

    def hand_over(self, stream: Stream) -> None:
        """Have a call answered."""
        if stream.is_handed_over:
            return
        stream.is_handed_over = True
        stream.visit.note_received()
        if stream.visit.refusal:
            stream.visit.inflow.close()
        self.ready.append(stream.visit)

    def take_back(self, stream: Stream) -> None:
        """Note that a client wants no answer any more; when its time was up that is its right."""
        now_s = time.monotonic()
        slack_s = max(_SLACK_S, _SLACK * (now_s - stream.began_s))
        if now_s + slack_s < stream.visit.deadline:
            self._patience.lose(COST_OF_CALL)
        self._open.pop(stream.visit.stream, None)
        self._note_gone(stream)

    def break_off(self, stream: Stream, code: ErrorCode) -> None:
        """End a stream that its client uses wrongly."""
        self._patience.lose(COST_OF_CALL)
        self.reset(stream.visit.stream, code)
        self._note_gone(stream)

    def reset(self, number: int, code: ErrorCode) -> None:
        """Tell the client that a stream has ended; some frames of it may still come."""
        payload = code.to_bytes(4, "big")
        self._sluice.out.append(frame(FrameType.RST_STREAM, payload, stream=number))
        self._cut_short.append(number)
        self._open.pop(number, None)

    def end(self) -> None:
        """Note that the client has gone."""
        streams, self._open = self._open, {}
        for stream in streams.values():
            self._note_gone(stream)

    def check(self, now_s: float, slow_after_s: float) -> None:
        """Refuse calls whose requests do not come in time."""
        for stream in tuple(self._open.values()):
            if stream.is_handed_over:
                continue
            problem = "Deadline exceeded before the request was there"
            if now_s < stream.visit.deadline:
                problem = _slowness(stream, now_s, slow_after_s)
            if problem:
                self.refuse(stream, ServingError(Code.DEADLINE_EXCEEDED, problem))

    # --- answers

    @property
    def waiting_bytes(self) -> int:
        """How many bytes of answers wait for room."""
        return sum(stream.outflow.waiting_bytes for stream in self._open.values())

    def send(self, number: int, head: bytes, parts: tuple[Part, ...], trailers: bytes) -> bool:
        """Send a piece of an answer: headers, a message, headers at the end; each may be empty.

        Returns:
            Whether the client still waits for it.
        """
        stream = self._open.get(number)
        if stream is None or stream.outflow.is_ending:
            return False
        if head:
            self._sluice.headers(number, head)
        stream.outflow.add(*parts)
        if trailers:
            stream.outflow.end(trailers)
        self._let_out(stream)
        return True

    def widen(self, stream: Stream, more: int) -> None:
        """Note that a client has more room for an answer.

        Raises:
            H2Error: It says that it has more than there is.
        """
        stream.outflow.widen(more)
        self._let_out(stream)

    def widen_each(self, window: int) -> None:
        """Note how much room a client has for each answer, for those under way, too.

        Raises:
            H2Error: It says that it has more than there is.
        """
        more, self._window = window - self._window, window
        if more:
            for stream in tuple(self._open.values()):
                self.widen(stream, more)

    def widen_all(self, more: int) -> None:
        """Note that a client has more room for all answers together.

        Raises:
            H2Error: It says that it has more than there is.
        """
        self._sluice.widen(more)
        for stream in tuple(self._open.values()):
            if stream.outflow.is_blocked:
                self._let_out(stream)

    def _let_out(self, stream: Stream) -> None:
        room = self._sluice.window
        self._sluice.let_out(stream.outflow)
        self._patience.gain((room - self._sluice.window) / _BYTES_PER_FRAME)
        if not stream.outflow.is_ended:
            return
        self._patience.gain(COST_OF_CALL)
        if stream.is_heard:
            del self._open[stream.visit.stream]
        else:
            self.reset(stream.visit.stream, ErrorCode.NO_ERROR)

    def _note_gone(self, stream: Stream) -> None:
        stream.visit.is_gone = True
        self.gone.append(stream.visit)
        self.refuse(stream, ServingError(Code.CANCELLED, "Cancelled before the request was there"))


def _slowness(stream: Stream, now_s: float, slow_after_s: float) -> str:
    """Say what is wrong with how a request came since it was last looked at; empty if nothing."""
    took_s = now_s - stream.seen_s
    if took_s <= slow_after_s:
        return ""
    received = stream.visit.inflow.received
    came, stream.seen, stream.seen_s = received - stream.seen, received, now_s
    if came >= took_s * _BYTES_PER_S_MIN:
        return ""
    return (
        f"{came} bytes of the request came in {took_s:.0f} s; expected at least "
        f"{_BYTES_PER_S_MIN} in each second"
    )
