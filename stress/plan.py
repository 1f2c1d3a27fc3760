"""Which loads to put on a target, one after the other, and the bounds that none may exceed."""

import math
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from serving_client.bench import Plan
from stress.exceptions import PlanError

__all__ = [
    "CALLERS_MAX",
    "CALLS_MAX",
    "LOADS_MAX",
    "RATE_MAX_PER_S",
    "STEP_S_MAX",
    "TOTAL_S_MAX",
    "By",
    "StressPlan",
    "parse_loads",
]

CALLERS_MAX = 64
"""The most calls in flight."""
RATE_MAX_PER_S = 1000.0
"""The most calls that may be due a second."""
LOADS_MAX = 12
"""The most steps of a run."""
STEP_S_MAX = 60.0
"""The longest step, in seconds."""
TOTAL_S_MAX = 300.0
"""The longest run, in seconds, warm-up of each step included."""
CALLS_MAX = 60_000
"""The most calls of a run that are measured; each step has its share of them."""

_STEP_S_MIN = 0.2
_WARM_UP_SHARE = 0.2
_WARM_UP_S_MAX = 1.0


class By(StrEnum):
    """What a load is a number of.

    ``CALLERS`` is a closed loop: so many callers, each of which calls again as soon as it has its
    answer. ``RATE`` is an open loop: so many calls are due a second, whatever became of those
    before, as with users who do not know of each other.
    """

    CALLERS = "callers"
    RATE = "rate"


@dataclass(frozen=True, slots=True)
class StressPlan:
    """Loads, the lightest first.

    Attributes:
        loads: Callers, or calls due a second, of each step.
        by: Which of the two.
        step_s: How long each step is measured, in seconds.
        count: How many calls of each step are measured at most; None for no other bound than
            ``CALLS_MAX`` of the whole run.
        callers_max: Of an open loop, the most calls in flight.

    Raises:
        PlanError: Something is out of its bounds; the message says which.

    Examples:
        >>> StressPlan(loads=(1, 2, 4), step_s=2).total_s
        7.2
        >>> StressPlan(loads=(1, 500))
        Traceback (most recent call last):
        stress.exceptions.PlanError: At most 64 callers are possible, not 500.
    """

    loads: tuple[float, ...] = (1, 2, 4, 8, 16)
    by: By = By.CALLERS
    step_s: float = 5.0
    count: int | None = None
    callers_max: int = 32

    def __post_init__(self) -> None:
        self._check_loads()
        if not _STEP_S_MIN <= self.step_s <= STEP_S_MAX:
            raise PlanError(
                f"A step takes {_STEP_S_MIN:g} to {STEP_S_MAX:g} seconds, not {self.step_s:g}."
            )
        if self.count is not None and not 1 <= self.count <= CALLS_MAX:
            raise PlanError(f"A step makes 1 to {CALLS_MAX} calls, not {self.count}.")
        if not 1 <= self.callers_max <= CALLERS_MAX:
            raise PlanError(f"1 to {CALLERS_MAX} callers are possible, not {self.callers_max}.")
        if self.total_s > TOTAL_S_MAX:
            raise PlanError(
                f"All steps together may take {TOTAL_S_MAX:g} seconds, and these take "
                f"{self.total_s:g}: choose fewer or shorter ones."
            )

    def _check_loads(self) -> None:
        if not 1 <= len(self.loads) <= LOADS_MAX:
            raise PlanError(f"A run has 1 to {LOADS_MAX} steps, not {len(self.loads)}.")
        if not all(math.isfinite(load) and load > 0 for load in self.loads):
            raise PlanError("Each load is a number above 0.")
        if not all(lighter < heavier for lighter, heavier in pairwise(self.loads)):
            raise PlanError("Loads go up from step to step, such as 1, 2, 4.")
        heaviest = self.loads[-1]
        if self.by is By.RATE and heaviest > RATE_MAX_PER_S:
            raise PlanError(
                f"At most {RATE_MAX_PER_S:g} calls a second are possible, not {heaviest:g}."
            )
        if self.by is By.CALLERS:
            if heaviest > CALLERS_MAX:
                raise PlanError(f"At most {CALLERS_MAX} callers are possible, not {heaviest:g}.")
            if any(load != int(load) for load in self.loads):
                raise PlanError("A number of callers is a whole number.")

    @property
    def warm_up_s(self) -> float:
        """How long each step calls before it is measured, in seconds."""
        return min(_WARM_UP_SHARE * self.step_s, _WARM_UP_S_MAX)

    @property
    def total_s(self) -> float:
        """How long the run takes, but for the last answers of each step, in seconds."""
        return round(len(self.loads) * (self.step_s + self.warm_up_s), 3)

    @property
    def unit(self) -> str:
        """What a load is a number of, in words."""
        return "callers" if self.by is By.CALLERS else "calls due a second"

    def named(self, load: float) -> str:
        """Return a load with what it is a number of.

        Examples:
            >>> StressPlan().named(1), StressPlan(by=By.RATE).named(2.5)
            ('1 caller', '2.5 calls due a second')
        """
        is_closed = self.by is By.CALLERS
        one = "caller" if is_closed else "call due a second"
        return f"{load:g} {one if load == 1 else self.unit}"

    def step(self, load: float) -> Plan:
        """Return the plan of one step."""
        is_closed = self.by is By.CALLERS
        share = CALLS_MAX // len(self.loads)
        return Plan(
            concurrency=int(load) if is_closed else self.callers_max,
            rate_per_s=None if is_closed else load,
            duration_s=self.step_s,
            count=share if self.count is None else min(self.count, share),
            warm_up_s=self.warm_up_s,
        )


def parse_loads(text: str) -> tuple[float, ...]:
    """Read loads as people write them, with commas or spaces between them.

    Raises:
        PlanError: One is no number.

    Examples:
        >>> parse_loads("1, 2,4 8")
        (1.0, 2.0, 4.0, 8.0)
    """
    words = text.replace(",", " ").split()
    try:
        return tuple(float(word) for word in words)
    except ValueError as error:
        raise PlanError(
            "Loads are numbers with commas between them, such as 1, 2, 4, 8."
        ) from error
