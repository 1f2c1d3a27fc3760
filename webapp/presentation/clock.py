"""Moments of a video, as its player shows them."""

from collections.abc import Callable
from math import floor

_MINUTE_S, _HOUR_S = 60, 3600


def clock(moment_s: float) -> str:
    """Return a moment in minutes and seconds, to a tenth.

    ``static/js/video/clock.js`` writes moments in the same way.

    Args:
        moment_s: Seconds from the start, 0 or more.

    Examples:
        >>> clock(3.26), clock(75), clock(3723.96)
        ('0:03.3', '1:15.0', '1:02:04.0')
    """
    tenths = floor(moment_s * 10 + 0.5)  # as JavaScript rounds, not to the even neighbour
    return f"{clock_seconds(tenths // 10)}.{tenths % 10}"


def clock_seconds(moment_s: float) -> str:
    """Return a moment in minutes and whole seconds.

    Examples:
        >>> clock_seconds(5.9), clock_seconds(600), clock_seconds(36000)
        ('0:05', '10:00', '10:00:00')
    """
    whole = int(moment_s)
    hours, minutes = whole // _HOUR_S, whole // _MINUTE_S % _MINUTE_S
    if hours:
        return f"{hours}:{minutes:02}:{whole % _MINUTE_S:02}"
    return f"{minutes}:{whole % _MINUTE_S:02}"


def seconds(length_s: float) -> str:
    """Return a length of time: short ones with a digit more.

    Examples:
        >>> seconds(0.42), seconds(12.3), seconds(75), seconds(3700)
        ('0.4 s', '12 s', '1 min 15 s', '1 h 1 min')
    """
    if length_s < 10:  # noqa: PLR2004
        return f"{length_s:.1f} s"
    whole = round(length_s)
    units = (
        (whole // _HOUR_S, "h"),
        (whole // _MINUTE_S % _MINUTE_S, "min"),
        (whole % _MINUTE_S, "s"),
    )
    return " ".join([f"{count} {unit}" for count, unit in units if count][:2])


FILTERS: tuple[Callable[[float], str], ...] = (clock, clock_seconds, seconds)
"""What templates of videos may call, each by its own name."""
