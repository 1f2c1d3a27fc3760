"""Printed shapes and lettering: what packaging, posters and labels are composed of."""

from collections.abc import Sequence

import cv2
import numpy as np

from pipeline.codes.painting.canvas import Colour, Picture
from pipeline.codes.painting.draws import between, chance, count_between, pick
from pipeline.codes.painting.ink import stamp
from pipeline.codes.painting.lettering import BOLD_FACES, any_setting, fitted_line, paragraph
from pipeline.codes.painting.rounded import draw_rounded
from pipeline.codes.painting.words import title


def draw_shape(rng: np.random.Generator, picture: Picture, colour: Colour) -> None:
    """Draw a block, a disc, a ring, a band, a wedge or a rounded box somewhere."""
    height, width = picture.shape[:2]
    centre = count_between(rng, 0, width), count_between(rng, 0, height)
    reach = tuple(max(3, round(side * between(rng, 0.06, 0.5))) for side in (width, height))
    draw = pick(rng, (_block, _disc, _ring, _band, _wedge, _rounded))
    draw(rng, picture, centre, (reach[0], reach[1]), colour)


def draw_lettering(rng: np.random.Generator, picture: Picture, colours: Sequence[Colour]) -> None:
    """Print a name in large letters, or some small print, somewhere."""
    height, width = picture.shape[:2]
    box_width = max(8, round(width * between(rng, 0.3, 0.95)))
    box_height = max(6, round(height * between(rng, 0.06, 0.35)))
    if chance(rng, 0.6):
        text = title(rng, count_between(rng, 1, 2))
        block = fitted_line(text, pick(rng, BOLD_FACES), box_width, box_height)
    else:
        block = paragraph(rng, box_width // 2 + 4, box_height, any_setting(rng, 6, 14))
    left = count_between(rng, 0, max(0, width - block.shape[1]))
    top = count_between(rng, 0, max(0, height - block.shape[0]))
    stamp(picture, block, pick(rng, colours), left, top)


def _block(
    rng: np.random.Generator,
    picture: Picture,
    centre: tuple[int, int],
    reach: tuple[int, int],
    colour: Colour,
) -> None:
    """Draw a rectangle, at times reaching from edge to edge."""
    height, width = picture.shape[:2]
    x0, x1 = (0, width) if chance(rng, 0.4) else (centre[0] - reach[0], centre[0] + reach[0])
    y0, y1 = (0, height) if chance(rng, 0.2) else (centre[1] - reach[1], centre[1] + reach[1])
    cv2.rectangle(picture, (x0, y0), (x1, y1), colour, -1)


def _disc(
    rng: np.random.Generator,
    picture: Picture,
    centre: tuple[int, int],
    reach: tuple[int, int],
    colour: Colour,
) -> None:
    """Draw a disc or an ellipse."""
    axes = reach if chance(rng, 0.5) else (min(reach), min(reach))
    cv2.ellipse(picture, centre, axes, between(rng, 0, 180), 0, 360, colour, -1, cv2.LINE_AA)


def _ring(
    rng: np.random.Generator,
    picture: Picture,
    centre: tuple[int, int],
    reach: tuple[int, int],
    colour: Colour,
) -> None:
    """Draw a ring."""
    thick = max(1, round(min(reach) * between(rng, 0.05, 0.4)))
    cv2.circle(picture, centre, min(reach), colour, thick, cv2.LINE_AA)


def _band(
    rng: np.random.Generator,
    picture: Picture,
    centre: tuple[int, int],
    reach: tuple[int, int],
    colour: Colour,
) -> None:
    """Draw a band from one edge to another."""
    height, width = picture.shape[:2]
    start, end = (0, centre[1]), (width, count_between(rng, 0, height))
    cv2.line(picture, start, end, colour, max(2, reach[1] // 2), cv2.LINE_AA)


def _wedge(
    rng: np.random.Generator,
    picture: Picture,
    centre: tuple[int, int],
    reach: tuple[int, int],
    colour: Colour,
) -> None:
    """Draw a triangle or another polygon."""
    angles = np.sort(rng.uniform(0, 2 * np.pi, count_between(rng, 3, 5)))
    corners = np.stack([np.cos(angles), np.sin(angles)], axis=1) * reach * 1.5 + centre
    cv2.fillPoly(picture, [np.asarray(corners, np.int32)], colour, cv2.LINE_AA)


def _rounded(
    rng: np.random.Generator,
    picture: Picture,
    centre: tuple[int, int],
    reach: tuple[int, int],
    colour: Colour,
) -> None:
    """Draw a rectangle with round corners."""
    box = (centre[0] - reach[0], centre[1] - reach[1], centre[0] + reach[0], centre[1] + reach[1])
    draw_rounded(picture, box, round(min(reach) * between(rng, 0.3, 1.0)), colour)
