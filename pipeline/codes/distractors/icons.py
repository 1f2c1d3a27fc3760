"""Icons: menus, targets, arrows, windows."""

from collections.abc import Callable
from typing import TypeAlias

import cv2
import numpy as np

from pipeline.codes.painting.canvas import Colour, Picture, filled
from pipeline.codes.painting.colours import contrast_colour, ink_on_paper, strong_colour
from pipeline.codes.painting.draws import between, chance, count_between, pick, size_between
from pipeline.codes.painting.rounded import draw_rounded

# Draws into a square picture, between two distances from its edges.
_Draw: TypeAlias = Callable[[np.random.Generator, Picture, tuple[int, int], Colour], None]


def paint_icons(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint rows of icons, or a single large one."""
    ink, paper = ink_on_paper(rng)
    picture = filled(width, height, paper)
    side = min(width, height) if chance(rng, 0.4) else round(size_between(rng, 24, 120))
    is_bright = chance(rng, 0.5)
    for y in range(0, height - side + 1, side):
        for x in range(0, width - side + 1, side):
            inset = max(1, round(side * between(rng, 0.08, 0.25)))
            colour = strong_colour(rng) if is_bright else ink
            box = picture[y : y + side, x : x + side]
            pick(rng, _ICONS)(rng, box, (inset, side - inset), colour)
    return picture


def _menu(rng: np.random.Generator, box: Picture, span: tuple[int, int], colour: Colour) -> None:
    """Draw three or four thick bars."""
    low, high = span
    bars = count_between(rng, 3, 4)
    step = (high - low) / bars
    for bar in range(bars):
        top = round(low + bar * step)
        cv2.rectangle(box, (low, top), (high, round(top + step * 0.45)), colour, -1)


def _target(rng: np.random.Generator, box: Picture, span: tuple[int, int], colour: Colour) -> None:
    """Draw one square or circle inside another."""
    low, high = span
    thick = max(1, round((high - low) * between(rng, 0.06, 0.16)))
    middle, core = (low + high) // 2, max(1, round((high - low) * between(rng, 0.1, 0.25)))
    if chance(rng, 0.6):
        cv2.rectangle(box, (low, low), (high, high), colour, thick)
        corners = (middle - core, middle - core), (middle + core, middle + core)
        cv2.rectangle(box, *corners, colour, -1)
    else:
        cv2.circle(box, (middle, middle), (high - low) // 2, colour, thick, cv2.LINE_AA)
        cv2.circle(box, (middle, middle), core, colour, -1, cv2.LINE_AA)


def _arrow(rng: np.random.Generator, box: Picture, span: tuple[int, int], colour: Colour) -> None:
    """Draw a disc with an arrow."""
    middle, reach = (span[0] + span[1]) // 2, max(1, (span[1] - span[0]) // 2)
    cv2.circle(box, (middle, middle), reach, colour, -1, cv2.LINE_AA)
    angle = between(rng, 0, 2 * np.pi)
    end = round(middle + np.cos(angle) * reach * 0.6), round(middle + np.sin(angle) * reach * 0.6)
    start = 2 * middle - end[0], 2 * middle - end[1]
    thick = max(1, reach // 6)
    cv2.arrowedLine(box, start, end, contrast_colour(colour), thick, cv2.LINE_AA, tipLength=0.4)


def _window(rng: np.random.Generator, box: Picture, span: tuple[int, int], colour: Colour) -> None:
    """Draw a square divided into four."""
    low, high = span
    middle, gap = (low + high) // 2, max(1, (high - low) // 14)
    for x0, x1 in ((low, middle - gap), (middle + gap, high)):
        for y0, y1 in ((low, middle - gap), (middle + gap, high)):
            shade = strong_colour(rng) if chance(rng, 0.2) else colour
            cv2.rectangle(box, (x0, y0), (x1, y1), shade, -1)


def _tile(rng: np.random.Generator, box: Picture, span: tuple[int, int], colour: Colour) -> None:
    """Draw a rounded square with a mark of its ground's colour in it."""
    low, high = span
    draw_rounded(box, (low, low, high, high), (high - low) // 5, colour)
    inner = (low + (high - low) // 4, high - (high - low) // 4)
    pick(rng, (_menu, _target, _window))(rng, box, inner, contrast_colour(colour))


_ICONS: tuple[_Draw, ...] = (_menu, _target, _arrow, _window, _tile)
