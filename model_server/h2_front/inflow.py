"""The request of a call, as it comes in."""

from struct import Struct

import numpy as np

from model_server.h2_front.budget import Budget
from model_server.status import Code, ServingError

PREFIX = Struct(">BI")
"""What stands before a message: whether it is compressed, and its length."""

_FIRST_BYTES = 64 << 10
_GROWTH = 4  # so at most a third of a message is copied while room is made for the rest

_NONE = memoryview(bytearray())


class Inflow:
    """One message, which has room of its own as it comes: never much more than what has come.

    What follows it is ignored. The room is taken out of a budget, until `close`.

    Args:
        bytes_max: The largest message.
        budget: Where the room comes from.

    Attributes:
        is_complete: Whether all of it is there.
        is_compressed: Whether it says so of itself.
    """

    def __init__(self, bytes_max: int, budget: Budget) -> None:
        self.is_complete = False
        self.is_compressed = False
        self._bytes_max = bytes_max
        self._budget = budget
        self._taken = 0
        self._prefix = b""
        self._size = 0
        self._filled = 0
        self._room = _NONE

    @property
    def message(self) -> memoryview:
        """The message, once it is complete."""
        return self._room[: self._size]

    @property
    def received(self) -> int:
        """How many bytes of it have come."""
        return len(self._prefix) + self._filled

    @property
    def open_room(self) -> memoryview:
        """Where the next bytes can be put directly, to be told by `note`; may be empty."""
        return self._room[self._filled : self._size]

    def note(self, count: int) -> None:
        """Note that bytes were put into `open_room`."""
        self._filled += count
        self.is_complete = self._filled == self._size

    def take(self, part: memoryview) -> None:
        """Take bytes in.

        Raises:
            ServingError: The message is too large, or there is no memory for it now.
        """
        if self.is_complete:
            return
        if len(self._prefix) < PREFIX.size:
            missing = PREFIX.size - len(self._prefix)
            self._prefix += bytes(part[:missing])
            part = part[missing:]
            if len(self._prefix) < PREFIX.size:
                return
            self._begin()
        part = part[: self._size - self._filled]
        end = self._filled + len(part)
        if end > len(self._room):
            self._grow(end)
        self._room[self._filled : end] = part
        self.note(len(part))

    def close(self) -> None:
        """Give the memory back."""
        self._budget.give_back(self._taken)
        self._taken = 0
        self._room = _NONE

    def _begin(self) -> None:
        flag, self._size = PREFIX.unpack(self._prefix)
        self.is_compressed = bool(flag)
        if self._size > self._bytes_max:
            raise ServingError(
                Code.RESOURCE_EXHAUSTED,
                f"The request has {self._size} bytes, and this server takes at most "
                f"{self._bytes_max}",
            )

    def _grow(self, needed: int) -> None:
        size = min(self._size, max(_FIRST_BYTES, _GROWTH * needed))
        if not self._budget.take(size, self._taken):
            raise ServingError(
                Code.RESOURCE_EXHAUSTED,
                f"The requests that come in or wait have {self._budget.taken} bytes already, "
                "try again later",
            )
        before, self._room = self._room, _room(size)
        self._room[: self._filled] = before[: self._filled]
        self._budget.give_back(self._taken)
        self._taken = size


def _room(size: int) -> memoryview:
    """Return memory that is not written to before it is used, so that it costs nothing till then.

    Raises:
        ServingError: There is none.
    """
    try:
        return memoryview(np.empty(size, np.uint8))  # type: ignore[arg-type]  # it is a buffer
    except MemoryError as error:
        raise ServingError(Code.RESOURCE_EXHAUSTED, f"No memory for {size} bytes") from error
