"""Carrying out the steps of operations in the calling thread."""

import threading
from collections.abc import Callable, Generator, Iterable
from functools import partial
from typing import Any, TypeVar

from serving_client._forking import renew_in_child
from serving_client._looking_up import addresses
from serving_client._many import Flow, in_threads
from serving_client._operation import (
    Attempt,
    Disconnect,
    Lookup,
    Operation,
    Pause,
    Race,
    Step,
    Together,
    Work,
    run,
)
from serving_client._racing import RaceTrack
from serving_client._transport import Cancellation, Reply, Transport
from serving_client._transport_pool import TransportPool
from serving_client.exceptions import ClientClosedError, ServingError

__all__ = ["Carrier"]

T = TypeVar("T")
R = TypeVar("R")


class Carrier:
    """Runs operations, over one transport for each server. Safe to use from many threads.

    Args:
        transports: the transports to the servers.
        sleep: how to pause; by default until the time is over or the carrier is closed.
    """

    def __init__(
        self,
        transports: TransportPool[Transport],
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        self._transports = transports
        self._sleep = sleep
        self._track = RaceTrack(self._attempt)
        self._changed = threading.Condition()
        self._running = 0
        self._is_closing = False
        self._end = Cancellation()
        self._ends: set[Cancellation] = set()
        renew_in_child(self)

    def run(self, operation: Operation[R], cancellation: Cancellation | None = None) -> R:
        """Drives an operation to its end, and returns its result.

        Args:
            operation: what to do.
            cancellation: lets another thread end it earlier.

        Raises:
            ClientClosedError: the carrier is closed.
        """
        with self._changed:
            if self._is_closing:
                raise ClientClosedError("the client is closed")
            self._running += 1
        try:
            return self._drive(operation, cancellation)
        finally:
            self._leave()

    def _leave(self) -> None:
        with self._changed:
            self._running -= 1
            if self._is_closing:  # nobody else waits for the end of operations
                self._changed.notify_all()

    def run_each(
        self, inputs: Iterable[T], call: Callable[[int, T], Operation[R]], flow: Flow[R]
    ) -> Generator[R | ServingError, None, None]:
        """Drives the operation for each input to its end, and yields what the flow hands out."""
        return in_threads(inputs, call, self.run, flow)

    def close(self, finish_s: float = 0.0) -> None:
        """Refuses new operations, lets those under way finish for so long, and ends the rest."""
        try:
            with self._changed:
                self._is_closing = True
                self._changed.wait_for(lambda: not self._running, finish_s)
        finally:
            for each in (self._end, *self._ends):
                each.cancel()
            for transport in self._transports.close():
                transport.close()
            self._track.close()

    def renew(self) -> None:
        """See `Renewable`."""
        self._changed = threading.Condition()
        self._running = 0
        self._ends = set()
        self._end, end = Cancellation(), self._end
        if end.is_cancelled:
            self._end.cancel()

    def _drive(self, operation: Operation[R], cancellation: Cancellation | None) -> R:
        if cancellation is None:
            return run(operation, self._carry_out)
        self._ends.add(cancellation)
        try:
            return run(operation, partial(self._carry_out, cancellation=cancellation))
        finally:
            self._ends.discard(cancellation)

    def _carry_out(  # noqa: PLR0911  one for each kind of step
        self, step: Step, cancellation: Cancellation | None = None
    ) -> Any:
        match step:
            case Attempt():
                return self._attempt(step, cancellation)
            case Race():
                return self._track.run(step, cancellation)
            case Pause():
                return self._pause(step.seconds, cancellation)
            case Lookup():
                return addresses(step.host, step.port, step.timeout_s)
            case Disconnect():
                return self._disconnect(step)
            case Work():
                return step.compute()
            case Together():
                return self._together(step)

    def _together(self, step: Together) -> tuple[Any, ...]:
        flow = Flow[Any](step.concurrency)
        return tuple(in_threads(step.operations, lambda _, operation: operation, self._drive, flow))

    def _pause(self, seconds: float, cancellation: Cancellation | None) -> None:
        if not self._end.is_cancelled:
            pause = self._end.wait if self._sleep is None else self._sleep
            (pause if cancellation is None else cancellation.wait)(seconds)
        if self._end.is_cancelled:
            raise ClientClosedError("the client was closed during the call")

    def _disconnect(self, step: Disconnect) -> None:
        for transport in self._transports.drop(step.targets):
            transport.close()

    def _attempt(self, step: Attempt, cancellation: Cancellation | None = None) -> Reply[Any]:
        loan = self._transports.borrow(step.target)
        try:
            return loan.transport.send(
                step.call, timeout_s=step.timeout_s, headers=step.headers, cancellation=cancellation
            )
        finally:
            if self._transports.give_back(loan):
                loan.transport.close()
