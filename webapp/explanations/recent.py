"""A small memory of what was worked out last."""

from collections import OrderedDict
from threading import Lock
from typing import Generic, TypeVar

KeyT = TypeVar("KeyT")
ValueT = TypeVar("ValueT")


class Recent(Generic[KeyT, ValueT]):
    """Keeps the values that were used last; safe to use from many threads.

    Args:
        size: How many, at least 1.

    Examples:
        >>> recent = Recent[str, int](2)
        >>> for number, name in enumerate(("a", "b", "c")):
        ...     recent.put(name, number)
        >>> recent.get("a"), recent.get("c")
        (None, 2)
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._lock = Lock()
        self._values: OrderedDict[KeyT, ValueT] = OrderedDict()

    def get(self, key: KeyT) -> ValueT | None:
        """Return the value of a key; None where it is not known any more."""
        with self._lock:
            value = self._values.get(key)
            if value is not None:
                self._values.move_to_end(key)
            return value

    def put(self, key: KeyT, value: ValueT) -> None:
        """Keep a value, and forget the one that was not used for the longest time."""
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            if len(self._values) > self._size:
                self._values.popitem(last=False)
