"""Taking calls in that arrive over ZeroMQ."""

import logging
import threading
import time

from model_server.call import Call
from model_server.reception import Reception
from model_server.status import Code, ServingError
from model_server.zmq_front.router import Delivery, SharedRouter
from model_server.zmq_front.settings import ZmqSettings
from model_server.zmq_front.wire import Head, refusal

logger = logging.getLogger(__name__)

_AT_ONCE = 64  # messages taken in before the first of them is run


class Received:
    """A call that was taken in, until it is answered.

    Args:
        delivery: What has come, and from whom.
        head: How it begins.

    Attributes:
        sender: The identity of the client.
        call_id: What the client calls it.
        frames: What it sent.
        bytes_: The size of that.
        arrived_s: When it came, by `time.perf_counter`.
        is_cancelled: Whether the client has said that it does not wait any more.
        call: How long the client waits, counted from then on, and whether it still does.
    """

    def __init__(self, delivery: Delivery, head: Head) -> None:
        self.sender = delivery.sender
        self.call_id = head.call_id
        self.frames = delivery.frames
        self.bytes_ = sum(map(len, delivery.frames))
        self.arrived_s = time.perf_counter()
        self.is_cancelled = False
        self.call = Call.within(head.wait_ms / 1000 or None, self._has_left)
        self._connection = delivery.connection

    def _has_left(self) -> bool:
        return self.is_cancelled or not self._connection.is_open


class ZmqReception(Reception[Received]):
    """Takes in calls, and cancellations of them.

    Args:
        router: Where calls arrive.
        settings: How many run, how many wait, and how large they may be.
    """

    def __init__(self, router: SharedRouter, settings: ZmqSettings) -> None:
        super().__init__(settings.threads, settings.waiting_max, settings.waiting_bytes_max)
        self._router = router
        self._message_bytes_max = settings.message_bytes_max
        self._known: dict[tuple[bytes, int], Received] = {}
        self._known_lock = threading.Lock()

    def take_in(self) -> bool:
        """Take in some of what has arrived; say whether there was anything."""
        for count in range(_AT_ONCE):
            delivery = self._router.receive()
            if delivery is None:
                return count > 0
            try:
                self._read(delivery)
            except Exception:
                # The edge of this thread: one message must not keep the others from being read.
                logger.exception("a message could not be taken in")
        return True

    def wait(self) -> None:
        """Wait for messages."""
        self._router.wait()

    def wake(self) -> None:
        """End the wait of the thread that waits."""
        self._router.wake()

    def admit(self, call: Received) -> None:
        """Let a call wait for its turn, and for its cancellation.

        Raises:
            ServingError: It is too large, or there are too many already.
        """
        if call.bytes_ > self._message_bytes_max:
            raise ServingError(
                Code.RESOURCE_EXHAUSTED,
                f"The request has {call.bytes_} bytes, and this server takes at most "
                f"{self._message_bytes_max} over ZeroMQ",
            )
        with self._known_lock:
            super().admit(call)
            self._known[call.sender, call.call_id] = call

    def finish(self, call: Received) -> None:
        """Note that a call was answered."""
        key = (call.sender, call.call_id)
        with self._known_lock:
            if self._known.get(key) is call:
                del self._known[key]
        super().finish(call)

    def _read(self, delivery: Delivery) -> None:
        head = Head.read(delivery.frames[0]) if delivery.frames else None
        if head is None:
            logger.debug("a message without a head was ignored")
        elif head.is_cancellation:
            self._cancel((delivery.sender, head.call_id))
        else:
            try:
                head.check()
                self.admit(Received(delivery, head))
            except ServingError as error:
                self._router.send(delivery.sender, refusal(head.call_id, "", error))

    def _cancel(self, key: tuple[bytes, int]) -> None:
        with self._known_lock:
            if received := self._known.get(key):
                received.is_cancelled = True
