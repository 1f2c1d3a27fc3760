"""The transports of one client: one for each server, for as long as it is of use."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from serving_client._forking import renew_in_child
from serving_client._target import Target
from serving_client.exceptions import ClientClosedError

__all__ = ["Loan", "TransportPool"]

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class Loan(Generic[T]):
    """A transport, how many attempts use it, and whether it ends with the last of them."""

    transport: T
    users: int = 0
    is_dropped: bool = False


class TransportPool(Generic[T]):
    """Lends transports, of either kind, to attempts. Safe to use from many threads.

    It never closes one itself, since that may be something to wait for: it says when.

    Args:
        connect: makes the transport to a server, without waiting.
        is_shared: all servers have the same one, which is never dropped.
    """

    def __init__(self, connect: Callable[[Target], T], *, is_shared: bool = False) -> None:
        self._connect = connect
        self._is_shared = is_shared
        self._lock = threading.Lock()
        self._loans: dict[Target, Loan[T]] = {}
        self._dropped: set[Loan[T]] = set()
        self._is_closed = False
        renew_in_child(self)

    def borrow(self, target: Target) -> Loan[T]:
        """The transport to a server, to be given back.

        Raises:
            ClientClosedError: there are no more transports.
            ConfigError: there is none for this server.
        """
        with self._lock:
            if self._is_closed:
                raise ClientClosedError("the client was closed during the call")
            loan = self._loans.get(target)
            if loan is None:
                loan = self._loans[target] = Loan(self._connect(target))
            loan.users += 1
            return loan

    def give_back(self, loan: Loan[T]) -> bool:
        """Ends the use of a transport, and says whether it is now to be closed."""
        with self._lock:
            loan.users -= 1
            is_over = loan.is_dropped and not loan.users
            if is_over:
                self._dropped.discard(loan)
            return is_over

    def drop(self, targets: Iterable[Target]) -> tuple[T, ...]:
        """Forgets the transports to some servers, and returns those that are to be closed now."""
        if self._is_shared:
            return ()
        with self._lock:
            loans = [self._loans.pop(target) for target in targets if target in self._loans]
            for loan in loans:
                loan.is_dropped = True
            self._dropped.update(loan for loan in loans if loan.users)
            return tuple(loan.transport for loan in loans if not loan.users)

    def close(self) -> tuple[T, ...]:
        """Lends no more transports, and returns all that there are, to be closed."""
        with self._lock:
            self._is_closed = True
            return tuple(loan.transport for loan in (*self._loans.values(), *self._dropped))

    def renew(self) -> None:
        """See `Renewable`."""
        self._lock = threading.Lock()
        self._dropped = set()
        for loan in self._loans.values():
            loan.users = 0
