"""Columns of text, headings, pictures and rules, as typesetters fill pages with them."""

from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.codes.painting.canvas import Colour, Mask, Picture
from pipeline.codes.painting.colours import any_colour, coloured, grey
from pipeline.codes.painting.draws import between, chance, count_between, pick
from pipeline.codes.painting.ink import stamp
from pipeline.codes.painting.lettering import BOLD_FACES, Setting, fitted_line, paragraph
from pipeline.codes.painting.noise import fractal, levels
from pipeline.codes.painting.words import title

_NARROWEST = 16
# Shares of silhouettes, summed up; the others are horizons.
_ROUND_SHARE, _BOX_SHARE, _PERSON_SHARE = 0.35, 0.7, 0.88


@dataclass(frozen=True, slots=True)
class Column:
    """Where and how to set.

    Attributes:
        left: In pixels.
        right: In pixels, not part of the column.
        setting: Of its running text.
        ink: Of its text and rules.
        picture_share: How often a block is a picture, 0..1.
    """

    left: int
    right: int
    setting: Setting
    ink: Colour
    picture_share: float = 0.12

    @property
    def width(self) -> int:
        """In pixels."""
        return self.right - self.left


def fill_column(rng: np.random.Generator, picture: Picture, column: Column, top: int) -> None:
    """Set blocks below each other into a picture, from a height to its lower edge."""
    size = max(4, round(column.setting.size))
    y, height = top, picture.shape[0]
    while y < height - size and column.width >= _NARROWEST:
        room = min(height - y, count_between(rng, size * 2, max(size * 3, height // 2)))
        y += _block(rng, picture, column, (y, room)) + count_between(rng, size // 2, size * 2)


def photograph(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint something like a printed photograph: soft shapes in three colours."""
    field = fractal(rng, width, height, coarse=max(8, width / 2), fine=2, gain=0.5)
    values = levels(field, spread=between(rng, 40, 80))
    shapes = values.copy()
    for _ in range(count_between(rng, 2, 12)):
        _silhouette(rng, shapes)
    values = np.asarray(cv2.addWeighted(values, 0.35, shapes, 0.65, 0), np.uint8)
    stops = [grey(rng, 0.0, 0.3), any_colour(rng), any_colour(rng), grey(rng, 0.7, 1.0)]
    return coloured(values, stops[:: pick(rng, (1, 1, 3))])


def _silhouette(rng: np.random.Generator, values: Mask) -> None:
    """Draw the outline of something at a grey value: a round thing, a box, a person, a hill."""
    height, width = values.shape
    centre = count_between(rng, 0, width), count_between(rng, 0, height)
    reach = max(2, round(min(width, height) * between(rng, 0.05, 0.4)))
    tone, shape = count_between(rng, 0, 255), rng.random()
    if shape < _ROUND_SHARE:
        axes = reach, max(2, round(reach * between(rng, 0.4, 1.5)))
        cv2.ellipse(values, centre, axes, between(rng, 0, 180), 0, 360, tone, -1, cv2.LINE_AA)
    elif shape < _BOX_SHARE:
        box = cv2.boxPoints((centre, (reach, reach * between(rng, 0.5, 3)), between(rng, -90, 90)))
        cv2.fillPoly(values, [np.asarray(box, np.int32)], tone, cv2.LINE_AA)
    elif shape < _PERSON_SHARE:
        cv2.circle(values, centre, max(1, reach // 2), tone, -1, cv2.LINE_AA)
        body = centre[0], centre[1] + reach * 3 // 2
        cv2.ellipse(values, body, (reach, reach), 0, 0, 360, tone, -1, cv2.LINE_AA)
    else:
        cv2.rectangle(values, (0, centre[1]), (width, height), tone, -1)


def _block(
    rng: np.random.Generator, picture: Picture, column: Column, span: tuple[int, int]
) -> int:
    """Set one block at a height, with so much room below it; return how high it became."""
    top, room = span
    if chance(rng, column.picture_share):
        picture[top : top + room, column.left : column.right] = photograph(rng, column.width, room)
        return room
    if chance(rng, 0.2):
        return _heading(rng, picture, column, span)
    if chance(rng, 0.12):
        thick = count_between(rng, 1, 3)
        picture[top : top + thick, column.left : column.right] = column.ink
        return thick
    stamp(picture, paragraph(rng, column.width, room, column.setting), column.ink, column.left, top)
    return room


def _heading(
    rng: np.random.Generator, picture: Picture, column: Column, span: tuple[int, int]
) -> int:
    """Set a heading; return how high it became."""
    top, room = span
    size = round(column.setting.size * between(rng, 1.0, 3.5))
    text = title(rng, count_between(rng, 1, 4))
    line = fitted_line(text, pick(rng, BOLD_FACES), column.width, min(room, size))
    stamp(picture, line, column.ink, column.left, top)
    return int(line.shape[0])
