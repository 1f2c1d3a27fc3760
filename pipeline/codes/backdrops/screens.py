"""Screens: desktops with windows, source text in an editor, a telephone with messages."""

import cv2
import numpy as np

from pipeline.codes.backdrops.columns import photograph
from pipeline.codes.backdrops.plain import paint_gradient
from pipeline.codes.painting.canvas import Colour, Picture, filled, paste
from pipeline.codes.painting.colours import contrast_colour, grey, mixed, strong_colour
from pipeline.codes.painting.draws import between, chance, count_between, pick, size_between
from pipeline.codes.painting.ink import stamp
from pipeline.codes.painting.lettering import (
    FACES,
    MONO_FACES,
    Setting,
    any_setting,
    line_mask,
    paragraph,
)
from pipeline.codes.painting.rounded import draw_rounded
from pipeline.codes.painting.words import words


def paint_desktop(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint overlapping windows and icons on a coloured ground."""
    picture = pick(rng, (paint_gradient, photograph))(rng, width, height)
    side = round(size_between(rng, 16, 44))
    for y in range(side // 2, height - side, side * 2):
        for x in range(side // 2, count_between(rng, 0, width // 3), side * 2):
            cv2.rectangle(picture, (x, y), (x + side, y + side), strong_colour(rng), -1)
            stamp(
                picture, line_mask(words(rng, 1)[0], FACES[0], 9), (250, 250, 250), x, y + side + 3
            )
    is_dark = chance(rng, 0.4)
    for _ in range(count_between(rng, 1, 3)):
        size = max(48, round(width * between(rng, 0.3, 0.9))), max(48, round(height * 0.7))
        left, top = count_between(rng, -20, width // 2), count_between(rng, 0, height // 2)
        paste(picture, _window(rng, size, is_dark=is_dark), left, top)
    bar = grey(rng, 0.1, 0.9)
    cv2.rectangle(picture, (0, height - side), (width, height), bar, -1)
    return picture


def paint_editor(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint indented lines of text in several colours, with line numbers."""
    ground = grey(rng, 0.05, 0.2) if chance(rng, 0.65) else grey(rng, 0.9, 1.0)
    picture = filled(width, height, ground)
    face, size = pick(rng, MONO_FACES), round(size_between(rng, 8, 24))
    inks = [mixed(strong_colour(rng), contrast_colour(ground), 0.4) for _ in range(4)]
    step, indent = round(size * between(rng, 1.15, 1.5)), 0
    for number, y in enumerate(range(0, height, step)):
        stamp(picture, line_mask(str(number + 1), face, size), (128, 128, 128), 4, y)
        indent = min(6, max(0, indent + count_between(rng, -1, 1)))
        x = size * 3 + indent * size * 2
        for word in words(rng, count_between(rng, 0, 6)):
            line = line_mask(word + pick(rng, ("", "()", " =", ":", "[0]")), face, size)
            stamp(picture, line, pick(rng, inks), x, y)
            x += line.shape[1] + size // 2
    return picture


def paint_messages(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint a column of speech bubbles, as on a telephone."""
    ground = grey(rng, 0.02, 1.0)
    picture = filled(width, height, ground)
    sides = (strong_colour(rng), mixed(ground, contrast_colour(ground), 0.15))
    setting = any_setting(rng, 8, 22)
    y = count_between(rng, 0, 20)
    while y < height:
        side = count_between(rng, 0, 1)
        size_wh = max(40, round(width * between(rng, 0.25, 0.7))), count_between(rng, 20, 120)
        left = 8 if side else width - size_wh[0] - 8
        _bubble(rng, picture, (left, y, *size_wh), (sides[side], setting))
        y += size_wh[1] + count_between(rng, 6, 20)
    return picture


def _bubble(
    rng: np.random.Generator,
    picture: Picture,
    box: tuple[int, int, int, int],
    look: tuple[Colour, Setting],
) -> None:
    """Draw a rounded box at (left, top, width, height) with text in it."""
    left, top, width, height = box
    colour, setting = look
    draw_rounded(picture, (left, top, left + width, top + height), 10, colour)
    text = paragraph(rng, max(8, width - 20), max(8, height - 12), setting)
    stamp(picture, text, contrast_colour(colour), left + 10, top + 6)


def _window(rng: np.random.Generator, size_wh: tuple[int, int], *, is_dark: bool) -> Picture:
    """Paint a window with a title bar, text and perhaps a picture."""
    width, height = size_wh
    ground = grey(rng, 0.1, 0.25) if is_dark else grey(rng, 0.92, 1.0)
    picture = filled(width, height, ground)
    bar = count_between(rng, 14, 32)
    bar_colour = mixed(ground, strong_colour(rng), pick(rng, (0.1, 0.2, 0.9)))
    cv2.rectangle(picture, (0, 0), (width, bar), bar_colour, -1)
    for button in range(3):
        centre = width - bar * (button + 1) + bar // 3, bar // 2
        cv2.circle(picture, centre, max(2, bar // 4), strong_colour(rng), -1, cv2.LINE_AA)
    ink = mixed(ground, contrast_colour(ground), 0.8)
    stamp(picture, line_mask(" ".join(words(rng, 3)), FACES[0], bar // 2), ink, 6, bar // 4)
    if chance(rng, 0.4):
        part_wh = width // count_between(rng, 2, 4), (height - bar) // count_between(rng, 1, 3)
        paste(picture, photograph(rng, *part_wh), width - part_wh[0] - 8, bar + 8)
        width -= part_wh[0] + 8
    text = paragraph(rng, max(8, width - 16), max(8, height - bar - 12), any_setting(rng, 7, 16))
    stamp(picture, text, ink, 8, bar + 8)
    cv2.rectangle(picture, (0, 0), (size_wh[0] - 1, height - 1), bar_colour, 1)
    return picture
