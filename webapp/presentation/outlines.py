"""Boxes over a picture, in shares of it, so that they fit at whatever size a page shows it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

# Nearer to the top than this there is no room for a name above the box.
_TOP_ROOM_PERCENT = 7.0
# From here on a name starts at the box's right edge and runs to the left.
_TURN_PERCENT = 75.0


@dataclass(frozen=True, slots=True)
class Outline:
    """A box in percent of the picture's width and height, and where its name goes.

    Attributes:
        x: Left edge, 0..100.
        y: Upper edge, 0..100.
        width: 0..100.
        height: 0..100.
        tag_x: Where the name is fixed: the left edge, or the right one near the picture's end.
        is_tag_inside: Whether the name lies in the box, because there is no room above it.
        is_tag_turned: Whether the name ends at ``tag_x`` instead of starting there.
    """

    x: float
    y: float
    width: float
    height: float
    tag_x: float
    is_tag_inside: bool
    is_tag_turned: bool

    @classmethod
    def of(cls, xyxy: Sequence[float], size_wh: tuple[int, int]) -> Self:
        """Return the outline of a box, cut to the picture.

        Args:
            xyxy: (x_min, y_min, x_max, y_max) in pixels of the upright original.
            size_wh: Width and height of the original in pixels, each 1 or more.

        Examples:
            >>> outline = Outline.of((160, 120, 480, 600), (640, 480))
            >>> outline.x, outline.y, outline.width, outline.height
            (25.0, 25.0, 50.0, 75.0)
            >>> Outline.of((500, 0, 640, 90), (640, 480)).is_tag_turned
            True
        """
        width, height = size_wh
        left, right = (_percent(pixel, width) for pixel in (xyxy[0], xyxy[2]))
        top, bottom = (_percent(pixel, height) for pixel in (xyxy[1], xyxy[3]))
        is_turned = left > _TURN_PERCENT
        return cls(
            x=left,
            y=top,
            width=round(right - left, 3),
            height=round(bottom - top, 3),
            tag_x=right if is_turned else left,
            is_tag_inside=top < _TOP_ROOM_PERCENT,
            is_tag_turned=is_turned,
        )


def _percent(pixel: float, side: int) -> float:
    return round(min(max(pixel / side, 0.0), 1.0) * 100, 3)
