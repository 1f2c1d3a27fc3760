"""Several servers that answer alike: which one gets the next attempt, and which gets none."""

import threading
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from math import inf

from serving_client._forking import renew_in_child
from serving_client._target import Target

__all__ = ["Endpoint", "Endpoints"]

_FAILURES_MAX = 3
_EJECTED_FIRST_S = 1.0
_EJECTED_MAX_S = 30.0
_DOUBLINGS_MAX = 10


@dataclass(slots=True, eq=False)
class Endpoint:
    """One server, and what is known about it.

    Attributes:
        target: where it is.
        in_flight: attempts under way.
        failures: attempts that failed in a row.
        ejections: how often in a row it was left out.
        returns_at: when it may be asked again.
        allowance: how many attempts at once it is trusted with; infinite in good health.
    """

    target: Target
    in_flight: int = 0
    failures: int = 0
    ejections: int = 0
    returns_at: float = -inf
    allowance: float = inf


class Endpoints:
    """Chooses the server with the fewest attempts under way among those that work.

    One that could not be reached three times in a row is left out for a second, then for two, and
    so on up to thirty, with some randomness, so that many clients do not come back at once. When it
    returns it is trusted with one attempt, after a success with two, and so on. If all others are
    left out, or just failed the same call, the one whose time is over first is asked: an attempt
    can only win.

    Safe to use from many threads. A forked child knows what its parent knew of the servers, and
    that nothing of its own is under way there.

    Args:
        targets: the servers, at least one.
        uniform: draws a number between two others.
        clock: monotonic, in seconds.
    """

    def __init__(
        self,
        targets: Iterable[Target],
        uniform: Callable[[float, float], float],
        clock: Callable[[], float],
    ) -> None:
        self._uniform = uniform
        self._clock = clock
        self._lock = threading.Lock()
        self._all = [Endpoint(target) for target in targets]
        self._parted: list[Target] = []
        renew_in_child(self)

    @property
    def targets(self) -> tuple[Target, ...]:
        """The servers there are."""
        with self._lock:
            return tuple(endpoint.target for endpoint in self._all)

    def replace(self, targets: Collection[Target]) -> None:
        """Sets the servers there are; what is known about those that stay, stays."""
        with self._lock:
            known = {endpoint.target: endpoint for endpoint in self._all}
            self._all = [known.get(target) or Endpoint(target) for target in targets]
            self._parted += known.keys() - set(targets)

    def take_parted(self) -> tuple[Target, ...]:
        """The servers that since the last time were left out, or are none of ours any more.

        The connections to them are of no use: they are broken, stuck, or not needed.
        """
        if not self._parted:  # as nearly always
            return ()
        with self._lock:
            parted, self._parted = tuple(dict.fromkeys(self._parted)), []
            return parted

    def renew(self) -> None:
        """See `Renewable`."""
        self._lock = threading.Lock()
        self._all = [replace(each, in_flight=0) for each in self._all]

    def take(self, avoid: Collection[Endpoint] = ()) -> Endpoint:
        """Chooses the server for an attempt, which ends with `succeeded`, `failed` or `gave_up`.

        Args:
            avoid: those that others are preferred to, such as one that just failed.
        """
        with self._lock:
            if len(self._all) == 1:
                self._all[0].in_flight += 1
                return self._all[0]
            now = self._clock()
            ready = [each for each in self._all if self._is_ready(each, now)]
            fresh = [each for each in ready if each not in avoid]
            left_out = [each for each in self._all if each not in ready and each not in avoid]
            if fresh or (ready and not left_out):
                chosen = min(fresh or ready, key=lambda each: (each.in_flight, self._uniform(0, 1)))
            else:
                first_back = left_out or self._all
                chosen = min(first_back, key=lambda each: (each.returns_at, each.in_flight))
            chosen.in_flight += 1
            return chosen

    @staticmethod
    def _is_ready(endpoint: Endpoint, now: float) -> bool:
        return endpoint.returns_at <= now and endpoint.in_flight < endpoint.allowance

    def succeeded(self, endpoint: Endpoint) -> None:
        """Notes that the server answered, be it with a refusal."""
        with self._lock:
            endpoint.in_flight -= 1
            endpoint.failures = endpoint.ejections = 0
            endpoint.returns_at = -inf
            endpoint.allowance *= 2
            if endpoint.allowance > 2**_DOUBLINGS_MAX:
                endpoint.allowance = inf

    def failed(self, endpoint: Endpoint) -> None:
        """Notes that the server could not be reached, or has no time for us."""
        with self._lock:
            endpoint.in_flight -= 1
            if endpoint.returns_at > self._clock():
                return  # it is left out: many attempts may fail by one cause, and that counts once
            endpoint.failures += 1
            is_on_trial = endpoint.allowance < inf
            if endpoint.failures >= _FAILURES_MAX or is_on_trial:
                self._eject(endpoint)

    def gave_up(self, endpoint: Endpoint) -> None:
        """Notes that an attempt ended without a verdict: it was cancelled, or ran out of time."""
        with self._lock:
            endpoint.in_flight -= 1

    def _eject(self, endpoint: Endpoint) -> None:
        doublings = min(endpoint.ejections, _DOUBLINGS_MAX)
        longest_s = min(_EJECTED_MAX_S, _EJECTED_FIRST_S * 2**doublings)
        endpoint.returns_at = self._clock() + self._uniform(longest_s / 2, longest_s)
        endpoint.ejections += 1
        endpoint.failures = 0
        endpoint.allowance = 1
        self._parted.append(endpoint.target)
