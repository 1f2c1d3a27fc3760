"""Which pictures of a video are taken: by time, whatever the frame rate."""

import math

# Moments are multiples of a file's time base, which binary fractions miss by a hair.
_HAIR = 1e-6


def first_moment(from_s: float, every_s: float | None) -> float:
    """Return the first moment that is due from ``from_s`` on, in seconds.

    What is due lies on a grid that starts at 0, so a video that is gone on with later gives the
    same pictures as one that is read in one go.

    Examples:
        >>> first_moment(0.0, 0.5), first_moment(0.7, 0.5), first_moment(0.7, None)
        (0.0, 1.0, 0.7)
    """
    return from_s if every_s is None else math.ceil(from_s / every_s - _HAIR) * every_s


def next_moment(moment_s: float, every_s: float | None) -> float:
    """Return what is due after the picture of a moment, in seconds.

    Args:
        moment_s: Of the picture that was taken.
        every_s: Seconds between pictures; None takes them all.

    Examples:
        >>> next_moment(0.0, 0.5), next_moment(0.52, 0.5), next_moment(1.3, 0.5)
        (0.5, 1.0, 1.5)
    """
    if every_s is None:
        return math.nextafter(moment_s, math.inf)
    return (math.floor(moment_s / every_s + _HAIR) + 1) * every_s


def is_due(moment_s: float, due_s: float) -> bool:
    """Tell whether the picture of a moment is the one that is due.

    Examples:
        >>> is_due(0.4999999, 0.5), is_due(0.49, 0.5)
        (True, False)
    """
    return moment_s >= due_s - _HAIR
