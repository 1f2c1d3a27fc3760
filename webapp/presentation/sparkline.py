"""Small charts without axes, as the geometry of an SVG."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 240.0, 48.0
"""Size of the drawing; a page shows it at any size."""
_GAP_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its place in the drawing."""

    x: float
    y: float
    width: float
    height: float


def bars(values: Sequence[float], peak: float | None = None) -> tuple[Bar, ...]:
    """Return a bar for each value that stands on the lower edge.

    Args:
        values: 0 or more each.
        peak: The value of the full height; by default the largest.

    Examples:
        >>> bars([0, 5])[1]
        Bar(x=120.0, y=0.0, width=90.0, height=48.0)
    """
    step = WIDTH / max(len(values), 1)
    heights = _heights(values, peak)
    width = round(step * (1 - _GAP_SHARE), 2)
    return tuple(
        Bar(round(index * step, 2), round(HEIGHT - height, 2), width, height)
        for index, height in enumerate(heights)
    )


def line(values: Sequence[float], peak: float | None = None) -> str:
    """Return the points of a line through the values, as a polyline has them.

    Args:
        values: 0 or more each.
        peak: The value of the full height; by default the largest.

    Examples:
        >>> line([0, 10, 5])
        '0,48 120,0 240,24'
    """
    step = WIDTH / max(len(values) - 1, 1)
    heights = _heights(values, peak)
    points = [(index * step, HEIGHT - height) for index, height in enumerate(heights)]
    return " ".join(f"{round(x, 2):g},{round(y, 2):g}" for x, y in points)


def _heights(values: Sequence[float], peak: float | None) -> list[float]:
    top = peak or max(values, default=0) or 1
    return [round(min(value / top, 1) * HEIGHT, 2) for value in values]
