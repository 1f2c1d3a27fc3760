"""Sending one call: to which server, how often, and when to give up."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import grpc

from serving_client._budget import RetryBudget
from serving_client._calls import Call, ReloadCall
from serving_client._config import Hedge, Retry
from serving_client._deadline import Deadline
from serving_client._endpoints import Endpoint, Endpoints
from serving_client._message_size import MessageSizeError
from serving_client._observing import AttemptInfo
from serving_client._operation import Attempt, Disconnect, Lookup, Operation, Pause, Race, Raced
from serving_client._target import Target
from serving_client._telemetry import Telemetry, Watch
from serving_client._transport import Headers, Reply, TransportError
from serving_client.exceptions import MessageTooLargeError, RpcContext, RpcError

__all__ = ["Sender", "is_transient"]

R = TypeVar("R")

_LOOKUP_AGE_MAX_S = 30.0
_LOOKUP_AGE_AFTER_FAILURE_S = 1.0
_LOOKUP_MAX_S = 5.0
_TIMEOUT_MIN_S = 0.001


def is_transient(code: grpc.StatusCode) -> bool:
    """Whether trying again can help and cannot harm.

    UNAVAILABLE alone: the server was not reached, or refused the work for now. Everything else
    either comes back the same, or (DEADLINE_EXCEEDED, CANCELLED) must not outlive its reason.
    """
    return code is grpc.StatusCode.UNAVAILABLE


@dataclass(frozen=True, slots=True, eq=False)
class _Started:
    """An attempt, the server it goes to, and what observers know it by."""

    step: Attempt
    endpoint: Endpoint
    info: AttemptInfo


@dataclass(slots=True)
class _Tried:
    """The attempts of one call so far: how many, and where; and who is told of them."""

    watch: Watch
    count: int = 0
    endpoints: list[Endpoint] = field(default_factory=list)


class Sender:
    """Sends calls, each within its deadline. Safe to use from many threads.

    Args:
        target: where the servers are.
        retry: when to try again.
        hedge: when to ask a second server.
        telemetry: whom to tell about it.
        uniform, clock: how to draw a number, and to read the time.
    """

    def __init__(  # noqa: PLR0913  each one is a value
        self,
        target: Target,
        retry: Retry,
        hedge: Hedge,
        telemetry: Telemetry,
        *,
        uniform: Callable[[float, float], float],
        clock: Callable[[], float],
    ) -> None:
        self._target = target
        self._retry = retry
        self._hedge = hedge
        self._telemetry = telemetry
        self._uniform = uniform
        self._clock = clock
        self._budget = RetryBudget(retry.budget_ratio, retry.budget_reserve)
        self._endpoints = Endpoints(target.endpoints, uniform, clock)
        self._is_looked_up = target.is_looked_up
        self._looked_up_at: float | None = None

    def send(
        self, call: Call[R], deadline: Deadline, headers: Headers = ()
    ) -> Operation[tuple[Reply[R], int]]:
        """Makes attempts until one succeeds; returns the reply and how many there were.

        Raises:
            RpcError: the last one failed, or there is no time or budget for another.
        """
        watch = self._telemetry.watch(call, self._target, deadline.remaining_s)
        tried = _Tried(watch)
        start = self._clock()
        try:
            reply = yield from self._try(call, deadline, headers + watch.headers, tried)
        except BaseException as error:
            watch.call_failed(error, self._clock() - start)
            raise
        watch.call_succeeded(reply, self._clock() - start)
        return reply, tried.count

    def _try(
        self, call: Call[R], deadline: Deadline, headers: Headers, tried: _Tried
    ) -> Operation[Reply[R]]:
        yield from self._disconnect()
        if self._is_looked_up:
            yield from self._look_up_if_older(_LOOKUP_AGE_MAX_S, deadline)
        self._budget.deposit()
        while True:
            try:
                return (yield from self._attempt(call, deadline, headers, tried))
            except TransportError as failure:
                yield from self._disconnect()
                pause_s = self._pause_s(failure, tried.count, deadline)
                if pause_s is None:
                    context = self.context(call, deadline, tried.count)
                    raise _error(failure, context) from failure
            yield Pause(pause_s)
            yield from self._look_up_if_older(_LOOKUP_AGE_AFTER_FAILURE_S, deadline)

    def context(self, call: Call[object], deadline: Deadline, attempts: int) -> RpcContext:
        """The circumstances of a call, for its error."""
        return RpcContext(
            rpc=call.rpc,
            target=str(self._target),
            model=call.model.name if call.model else None,
            version=call.model.version if call.model else None,
            deadline_s=deadline.seconds,
            elapsed_s=deadline.elapsed_s,
            attempts=attempts,
            label=call.model.label if call.model else None,
        )

    def _pause_s(self, failure: TransportError, attempts: int, deadline: Deadline) -> float | None:
        """How long to wait before another attempt; None if there shall be none."""
        if not is_transient(failure.code) or attempts >= self._retry.attempts_max:
            return None
        pause_s = failure.pushback_s
        if pause_s is None:
            pause_s = self._retry.pause_s(attempts, self._uniform)
        is_possible = 0 <= pause_s < deadline.remaining_s
        return pause_s if is_possible and self._budget.withdraw() else None

    def _attempt(
        self, call: Call[R], deadline: Deadline, headers: Headers, tried: _Tried
    ) -> Operation[Reply[R]]:
        """Makes one attempt, or two that race each other."""
        racers = [self._start(call, deadline, headers, tried)]

        def second() -> Attempt | None:
            if not self._budget.withdraw():
                return None
            racers.append(self._start(call, deadline, headers, tried, is_hedge=True))
            return racers[-1].step

        delay_s = self._hedge.delay_s
        if delay_s is None or delay_s >= deadline.remaining_s or call.rpc == ReloadCall.rpc:
            reply: Reply[R] = yield from self._alone(racers[0], tried.watch)
        else:
            race = Race(racers[0].step, delay_s, second)
            reply = yield from self._raced(race, racers, tried.watch)
        return reply

    def _start(
        self,
        call: Call[Any],
        deadline: Deadline,
        headers: Headers,
        tried: _Tried,
        *,
        is_hedge: bool = False,
    ) -> _Started:
        endpoint = self._endpoints.take(avoid=tried.endpoints)
        tried.count += 1
        tried.endpoints.append(endpoint)
        # A last attempt with no time left still gets to say why it failed.
        timeout_s = max(deadline.remaining_s, _TIMEOUT_MIN_S)
        info = tried.watch.attempt_started(endpoint.target, is_hedge=is_hedge)
        return _Started(Attempt(call, endpoint.target, timeout_s, headers), endpoint, info)

    def _alone(self, started: _Started, watch: Watch) -> Operation[Any]:
        try:
            reply = yield started.step
        except TransportError as failure:
            self._judge(started.endpoint, failure)
            watch.attempt_failed(started.info, failure)
            raise
        except BaseException:
            self._endpoints.gave_up(started.endpoint)
            raise
        self._endpoints.succeeded(started.endpoint)
        watch.attempt_succeeded(started.info)
        return reply

    def _raced(self, race: Race, racers: list[_Started], watch: Watch) -> Operation[Any]:
        raced = Raced(None, None)
        try:
            raced = yield race
        finally:
            self._settle(raced, racers, watch)
        if raced.reply is None:
            raise raced.failures[-1][1]
        return raced.reply

    def _settle(self, raced: Raced, racers: list[_Started], watch: Watch) -> None:
        """Notes how each attempt of a race ended."""
        failures = dict(raced.failures)
        for started in racers:
            if started.step in failures:
                self._judge(started.endpoint, failures[started.step])
                watch.attempt_failed(started.info, failures[started.step])
            elif started.step is raced.winner:
                self._endpoints.succeeded(started.endpoint)
                watch.attempt_succeeded(started.info)
            else:
                self._endpoints.gave_up(started.endpoint)

    def _judge(self, endpoint: Endpoint, failure: TransportError) -> None:
        """Tells a server that cannot be reached or is stuck from one that only refused."""
        code = failure.code
        if is_transient(code) or code is grpc.StatusCode.DEADLINE_EXCEEDED:
            self._endpoints.failed(endpoint)
        elif code is grpc.StatusCode.CANCELLED or isinstance(failure, MessageSizeError):
            self._endpoints.gave_up(endpoint)
        else:
            self._endpoints.succeeded(endpoint)

    def _disconnect(self) -> Operation[None]:
        """Gives up connections that are of no use, such as those to a server that is stuck.

        They may be what is wrong: something on the way may have forgotten them.
        """
        parted = self._endpoints.take_parted()
        if parted:
            yield Disconnect(parted)

    def _look_up_if_older(self, age_s: float, deadline: Deadline) -> Operation[None]:
        """Asks for the addresses behind the target's name, if it is a name and so much time passed.

        A failure makes it urgent: the servers may have moved.
        """
        at, now = self._looked_up_at, self._clock()
        is_recent = at is not None and now - at < age_s
        if is_recent or not self._is_looked_up:
            return
        self._looked_up_at = now
        timeout_s = min(deadline.remaining_s / 2, _LOOKUP_MAX_S)
        try:
            found = yield Lookup(*self._target.host_and_port, timeout_s)
        except BaseException:
            self._looked_up_at = at
            raise
        if found:
            self._endpoints.replace(self._target.at_addresses(found))
            yield from self._disconnect()


def _error(failure: TransportError, context: RpcContext) -> RpcError:
    """What the caller gets for the failure of the last attempt."""
    if isinstance(failure, MessageSizeError):
        return MessageTooLargeError(failure.detail, context)
    return RpcError.of(failure.code, failure.detail, context)
