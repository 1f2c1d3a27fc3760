"""What came of each call of a load: a few numbers a call, in columns."""

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from serving_client._values import Timings
from serving_client.exceptions import RpcError, ServingError

__all__ = ["Column", "FailedCallError", "Recording", "Samples", "counted_errors"]

Column = NDArray[np.float64]


class FailedCallError(ServingError):
    """A call that failed in a way that only whoever made it can name.

    Args:
        kind: what it is counted under, a word or two.
    """

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class Samples:
    """What one caller saw. Belongs to one thread; others may look at its length."""

    def __init__(self) -> None:
        self.due_s = array("d")
        self.sent_s = array("d")
        self.done_s = array("d")
        self.encode_s = array("d")
        self.wire_s = array("d")
        self.decode_s = array("d")
        self.attempts = array("d")
        self.errors: list[tuple[float, str]] = []

    def answered(self, due_s: float, sent_s: float, done_s: float, timings: Timings) -> None:
        """Notes a call that was answered; times are seconds from the start of the measurement."""
        self.due_s.append(due_s)
        self.sent_s.append(sent_s)
        self.done_s.append(done_s)
        self.encode_s.append(timings.encode_s)
        self.wire_s.append(timings.wire_s)
        self.decode_s.append(timings.decode_s)
        self.attempts.append(timings.attempts)

    def failed(self, done_s: float, error: Exception) -> None:
        """Notes a call that failed."""
        self.errors.append((done_s, _name(error)))

    def latency_s(self) -> Column:
        """From when each call was due to its answer, for those that were answered until now."""
        count = len(self.done_s)  # one call may be noted in part
        times: Column = np.subtract(self.done_s[:count], self.due_s[:count])
        return times


def _name(error: Exception) -> str:
    if isinstance(error, FailedCallError):
        return error.kind
    return error.code.name if isinstance(error, RpcError) else type(error).__name__


def counted_errors(callers: Iterable[Samples]) -> dict[str, int]:
    """How many calls failed until now, by the name of the status."""
    return dict(Counter(name for each in callers for _, name in tuple(each.errors)))


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """All calls of a measurement. The columns are float64 [N], one row for each answered call.

    Attributes:
        due_s: when it was due, seconds from the start of the measurement.
        sent_s: when it was sent; later than due if no caller was free.
        done_s: when its answer was there.
        encode_s, wire_s, decode_s: its parts, seconds.
        attempts: how many it took.
        errors: calls that failed, by the name of the status.
        window_s: how long was measured.
        unsent: calls of an open loop that were due and never sent.
        is_cut_short: whether it was ended before its time.
    """

    due_s: Column
    sent_s: Column
    done_s: Column
    encode_s: Column
    wire_s: Column
    decode_s: Column
    attempts: Column
    errors: Mapping[str, int] = field(default_factory=dict)
    window_s: float = 0.0
    unsent: int = 0
    is_cut_short: bool = False

    @classmethod
    def of(
        cls,
        callers: Iterable[Samples],
        *,
        end_s: float | None = None,
        unsent: int = 0,
        is_cut_short: bool = False,
    ) -> "Recording":
        """Puts together what all callers saw, in the order of the answers.

        Args:
            callers: each with its samples.
            end_s: when the measurement ended; None is with the last answer or failure.
            unsent: calls that were due and not sent.
            is_cut_short: whether it was ended before its time.
        """
        callers = tuple(callers)
        names = ("due_s", "sent_s", "done_s", "encode_s", "wire_s", "decode_s", "attempts")
        columns = {
            name: np.concatenate([np.zeros(0), *(getattr(each, name) for each in callers)])
            for name in names
        }
        order = np.argsort(columns["done_s"], kind="stable")
        failures = [failure for each in callers for failure in each.errors]
        last_s = max([*columns["done_s"], *(at_s for at_s, _ in failures)], default=0.0)
        return cls(
            **{name: column[order] for name, column in columns.items()},
            errors=counted_errors(callers),
            window_s=float(last_s if end_s is None else end_s),
            unsent=unsent,
            is_cut_short=is_cut_short,
        )

    @property
    def latency_s(self) -> Column:
        """From when each call was due to its answer: what a user would have waited."""
        return self.done_s - self.due_s

    @property
    def service_s(self) -> Column:
        """From when each call was sent to its answer."""
        return self.done_s - self.sent_s

    @property
    def failed(self) -> int:
        """How many calls failed."""
        return sum(self.errors.values())
