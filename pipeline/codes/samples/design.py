"""Laying out something printed: text, blocks and codes at chosen places."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.codes.painting.canvas import BLACK, WHITE, Colour, Mask, Picture, filled
from pipeline.codes.painting.lettering import line_mask
from pipeline.codes.scenes.patch import Patch, rounded_alpha

XY = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Type:
    """How letters look: their size in pixels, typeface and colour."""

    size: int
    face: str = "DejaVuSans"
    colour: Colour = BLACK


class Design:
    """A sheet to be filled from the top left, in pixels.

    Args:
        width: Of the sheet.
        height: Of the sheet.
        colour: Of the sheet.
    """

    def __init__(self, width: int, height: int, colour: Colour = WHITE) -> None:
        self.image: Picture = filled(width, height, colour)

    @property
    def size_wh(self) -> XY:
        """Width and height in pixels."""
        return self.image.shape[1], self.image.shape[0]

    def patch(self, radius: int = 0) -> Patch:
        """Cut the sheet out, with rounded corners of some radius."""
        return Patch(self.image, rounded_alpha(self.size_wh, radius))

    def block(self, xy: XY, size_wh: XY, colour: Colour, radius: int = 0) -> None:
        """Fill a rectangle."""
        self._ink(rounded_alpha(size_wh, radius), xy, colour)

    def rule(self, start: XY, end: XY, thickness: int = 3, colour: Colour = BLACK) -> None:
        """Draw a straight line."""
        cv2.line(self.image, start, end, colour, thickness, cv2.LINE_AA)

    def text(self, xy: XY, lines: str, style: Type, anchor: float = 0.0) -> None:
        """Write lines below each other.

        Args:
            xy: Where the first one's upper edge is anchored.
            lines: What to write.
            style: In which letters.
            anchor: Which part of a line is at x: 0 its start, 0.5 its middle, 1 its end.
        """
        x, y = xy
        for line in lines.splitlines():
            if line.strip():
                mask = _on_baseline(line, style)
                self._ink(mask, (x - round(anchor * mask.shape[1]), y), style.colour)
            y += round(1.35 * style.size)

    def code(self, xy: XY, modules: NDArray[np.bool_], module_wh: XY, ink: Colour = BLACK) -> XY:
        """Print a code.

        Args:
            xy: Its top left corner.
            modules: Whether each module is dark, [rows, columns].
            module_wh: A module's width and height in pixels.
            ink: Its colour.

        Returns:
            The code's width and height in pixels.
        """
        width, height = module_wh
        mask = np.kron(modules.astype(np.uint8) * 255, np.ones((height, width), np.uint8))
        self._ink(mask, xy, ink)
        return mask.shape[1], mask.shape[0]

    def _ink(self, mask: Mask, xy: XY, colour: Colour) -> None:
        x, y = xy
        area = self.image[y : y + mask.shape[0], x : x + mask.shape[1]]
        share = mask[: area.shape[0], : area.shape[1], None].astype(np.float32) / 255
        area[:] = np.round(area * (1 - share) + np.array(colour, np.float32) * share)


def _on_baseline(line: str, style: Type) -> Mask:
    """Draw a line of text with the height of all lines, so that letters stand level."""
    probe = line_mask(f"Ég|{line}", style.face, style.size)
    lead = line_mask("Ég|", style.face, style.size).shape[1]
    return np.ascontiguousarray(probe[:, lead:])


def bars(modules: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Keep a linear code's first row, to be printed as high as one likes.

    >>> bars(np.array([[True, False], [True, True]])).tolist()
    [[True, False]]
    """
    return modules[:1]
