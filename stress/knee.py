"""The knee: the load after which more of it makes answers later, and hardly any more of them.

It is found as the load with the greatest *power*, throughput divided by latency, which is how
Kleinrock defines the best operating point (L. Kleinrock, "Power and Deterministic Rules of Thumb
for Probabilistic Problems in Computer Communications", ICC 1979), and Jain the knee (R. Jain, "The
Art of Computer Systems Performance Analysis", 1991, section 3.3). At the greatest power throughput
and latency grow by the same share: before it another caller brings more answers than delay, after
it more delay than answers. On an M/M/1 queue that is half of its capacity; on N servers with even
service times and a closed loop it is N callers. No threshold has to be chosen, other than for how
much of a difference is noise.

Two things are ours. Latency is the 95th percentile, not the mean, since it is those waits that
people notice. And a load of which more than one call in a hundred is lost is beyond the knee,
however fast the other answers are: a system that turns calls away keeps its latency down with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import takewhile

from stress.step import Step

__all__ = ["Knee", "Point", "Sign", "find_knee", "point_of"]

_LOST_SHARE_MAX = 0.01
# Powers that are so close are the same, and the heavier load of them counts.
_NOISE = 0.1
# Power has to fall so far, and latency to rise so far, before it is called a knee.
_FALL, _RISE = 0.8, 1.25


class Sign(StrEnum):
    """What shows a knee."""

    LATENCY = "latency"
    ERRORS = "errors"


@dataclass(frozen=True, slots=True)
class Point:
    """One load on the curve.

    Attributes:
        load: Callers, or calls due a second.
        per_s: Answers a second.
        p95_s: 95th percentile of latency, in seconds.
        lost_share: Which share of the calls was lost, 0..1.
    """

    load: float
    per_s: float
    p95_s: float
    lost_share: float = 0.0

    @property
    def power(self) -> float:
        """Answers a second for each second of latency."""
        return self.per_s / self.p95_s


@dataclass(frozen=True, slots=True)
class Knee:
    """Where it is.

    Attributes:
        load: The heaviest load that is worth it.
        per_s: Answers a second there.
        p95_s: Latency there, in seconds.
        sign: What happens after it.
    """

    load: float
    per_s: float
    p95_s: float
    sign: Sign


def find_knee(points: Sequence[Point]) -> Knee | None:
    """Return where the knee of a curve is; None where it has none, so that it lies further on.

    Args:
        points: By load, the lightest first; those without answers are left out.

    Examples:
        >>> curve = [Point(1, 10, 0.1), Point(2, 20, 0.1), Point(4, 21, 0.2), Point(8, 21, 0.4)]
        >>> find_knee(curve).load
        2
        >>> find_knee(curve[:2]) is None
        True
    """
    answered = [point for point in points if point.per_s > 0 and point.p95_s > 0]
    sound = list(takewhile(lambda point: point.lost_share <= _LOST_SHARE_MAX, answered))
    if not sound:
        return None
    peak = max(point.power for point in sound)
    best = [point for point in sound if point.power >= (1 - _NOISE) * peak][-1]
    last = sound[-1]
    if last.power <= _FALL * best.power and last.p95_s >= _RISE * best.p95_s:
        return Knee(best.load, best.per_s, best.p95_s, Sign.LATENCY)
    if len(sound) < len(points):
        return Knee(last.load, last.per_s, last.p95_s, Sign.ERRORS)
    return None


def point_of(step: Step) -> Point:
    """Return the point of a step on the curve."""
    return Point(step.load, step.per_s, step.latency.p95_s, step.lost_share)
