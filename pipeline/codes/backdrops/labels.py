"""Printed labels: nutrition tables, care notes, rating plates; and signs."""

import cv2
import numpy as np

from pipeline.codes.backdrops.shapes import draw_shape
from pipeline.codes.painting.canvas import WHITE, Colour, Picture, filled, paste
from pipeline.codes.painting.colours import (
    any_colour,
    contrast_colour,
    ink_on_paper,
    palette,
    strong_colour,
)
from pipeline.codes.painting.draws import between, chance, count_between, pick, size_between
from pipeline.codes.painting.ink import stamp
from pipeline.codes.painting.lettering import (
    BOLD_FACES,
    FACES,
    Setting,
    any_setting,
    fitted_line,
    line_mask,
    paragraph,
)
from pipeline.codes.painting.light import lit
from pipeline.codes.painting.words import figure, title


def paint_label(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint a table of nutrients beside small print, on a printed ground."""
    picture = filled(width, height, palette(rng, 1)[0])
    for _ in range(count_between(rng, 0, 3)):
        draw_shape(rng, picture, pick(rng, palette(rng, 3)))
    ink, paper = ink_on_paper(rng)
    split = round(width * between(rng, 0.35, 1.0))
    margin = count_between(rng, 2, max(2, width // 20))
    box = picture[margin : height - margin, margin : max(margin + 20, split - margin)]
    paste(box, filled(box.shape[1], box.shape[0], paper), 0, 0)
    _nutrients(rng, box, ink)
    small_print = paragraph(rng, max(8, width - split), height, any_setting(rng, 6, 13))
    ground = picture[height // 2, min(split, width - 1)].tolist()
    stamp(picture, small_print, contrast_colour((ground[0], ground[1], ground[2])), split, margin)
    return lit(rng, picture)


def paint_sign(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint a sign or number plate: a border, large letters, an arrow or a disc."""
    ground = pick(rng, (WHITE, strong_colour(rng), (245, 200, 30), any_colour(rng)))
    ink = contrast_colour(ground) if chance(rng, 0.6) else strong_colour(rng)
    picture = filled(width, height, ground)
    short = min(width, height)
    margin, thick = max(2, short // 30), max(1, round(short * between(rng, 0.01, 0.06)))
    if chance(rng, 0.8):
        corners = (margin, margin), (width - margin, height - margin)
        cv2.rectangle(picture, *corners, ink, thick)
    if chance(rng, 0.3):
        draw_shape(rng, picture, strong_colour(rng))
    rows = count_between(rng, 1, 4)
    room = (width - 4 * margin - 2 * thick, max(8, round(height * 0.75 / rows)))
    for row in range(rows):
        text = _plate(rng) if chance(rng, 0.4) else title(rng, count_between(rng, 1, 3))
        line = fitted_line(text, pick(rng, BOLD_FACES), *room)
        left = (width - line.shape[1]) // 2
        stamp(picture, line, ink, left, round(height * (row + 0.15) / rows))
    return lit(rng, picture)


def _nutrients(rng: np.random.Generator, box: Picture, ink: Colour) -> None:
    """Set a heading and rows of a name and a figure, ruled, into a part of a picture."""
    height, width = box.shape[:2]
    size = round(size_between(rng, 7, 20))
    step = round(size * between(rng, 1.2, 1.8))
    heading = fitted_line(title(rng, 2), pick(rng, BOLD_FACES), max(8, width - 8), size * 2)
    stamp(box, heading, ink, 4, 4)
    face, top = pick(rng, FACES), heading.shape[0] + size
    setting = Setting(face, size, step / size, ragged=0.8)
    names = paragraph(rng, max(8, width * 3 // 5), max(8, height - top), setting)
    stamp(box, names, ink, 4, top)
    for y in range(top, height - step, step):
        if chance(rng, 0.8):
            cv2.line(box, (2, y - 2), (width - 3, y - 2), ink, 1 if chance(rng, 0.85) else 4)
        amount = line_mask(figure(rng), face, size)
        stamp(box, amount, ink, width - amount.shape[1] - 4, y)
    cv2.rectangle(box, (0, 0), (width - 1, height - 1), ink, count_between(rng, 1, 3))


def _plate(rng: np.random.Generator) -> str:
    """Return letters and digits as on a number plate."""
    letters = "".join(chr(65 + int(i)) for i in rng.integers(0, 26, count_between(rng, 1, 3)))
    return f"{letters} {rng.integers(10, 9999)}"
