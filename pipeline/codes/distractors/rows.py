"""Rows of lit windows at night, rows of books on shelves."""

import cv2
import numpy as np

from pipeline.codes.painting.canvas import Picture, cells, filled, paste
from pipeline.codes.painting.colours import any_colour, contrast_colour, grey, hsv
from pipeline.codes.painting.draws import between, chance, count_between, pick, size_between
from pipeline.codes.painting.ink import stamp
from pipeline.codes.painting.lettering import FACES, fitted_line
from pipeline.codes.painting.light import lit, shaded
from pipeline.codes.painting.words import title

# How many different books stand in one library.
_SPINES = 20


def paint_lit_windows(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint house fronts at night, some windows lit."""
    picture = filled(width, height, hsv(0.62, between(rng, 0.2, 0.7), between(rng, 0.02, 0.2)))
    x = 0
    while x < width:
        front = round(size_between(rng, 30, 200))
        top = count_between(rng, 0, height // 2)
        picture[top:, x : x + front] = grey(rng, 0.02, 0.2)
        _windows(rng, picture[top:, x : x + front])
        x += front + count_between(rng, 0, 12)
    return picture


def paint_books(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint the spines of books on shelves, lettered, each of another colour and height."""
    picture = filled(width, height, grey(rng, 0.02, 0.3))
    row = round(size_between(rng, 90, 300))
    spines = [_spine(rng, row) for _ in range(_SPINES)]
    for foot in range(row, height + row, row):
        x = 0
        while x < width:
            spine = pick(rng, spines)
            paste(picture, spine, x, foot - spine.shape[0])
            x += spine.shape[1] + count_between(rng, 0, 2)
        cv2.rectangle(picture, (0, foot - 6), (width, foot), any_colour(rng), -1)
    return lit(rng, picture)


def _windows(rng: np.random.Generator, front: Picture) -> None:
    """Draw the windows of one house front into a part of a picture."""
    step = round(size_between(rng, 7, 36))
    rows, columns = cells(front.shape[1], front.shape[0], step)
    light = hsv(between(rng, 0.08, 0.16), between(rng, 0.1, 0.7), 1.0)
    is_lit = rng.random((rows, columns, 1)) < between(rng, 0.2, 0.7)
    panes = rng.random((rows, columns, 1)) * is_lit * light
    cell = np.zeros((step, step, 1))
    cell[step // 4 : step * 7 // 8, step // 4 : step * 7 // 8] = 1
    whole = panes[:, None, :, None] * cell[None, :, None]
    lit_part = whole.reshape(rows * step, columns * step, 3)[: front.shape[0], : front.shape[1]]
    np.maximum(front, lit_part.astype(np.uint8), out=front)


def _spine(rng: np.random.Generator, row: int) -> Picture:
    """Paint the back of a book for a row of a height, with its title running downwards."""
    thick, tall = round(row * between(rng, 0.1, 0.28)), round(row * between(rng, 0.65, 0.96))
    colour = any_colour(rng)
    lying = filled(tall, thick, colour)
    for _ in range(count_between(rng, 0, 2)):
        x = count_between(rng, 0, tall)
        lying[:, x : x + count_between(rng, 1, 6)] = any_colour(rng)
    if chance(rng, 0.85):
        room = round(tall * between(rng, 0.4, 0.8)), max(6, round(thick * between(rng, 0.3, 0.7)))
        line = fitted_line(title(rng, count_between(rng, 1, 4)), FACES[1], *room)
        stamp(lying, line, contrast_colour(colour), tall // 8, (thick - line.shape[0]) // 2)
    across = 1.0 - np.linspace(-1, 1, 8)[:, None] ** 4 * 0.5
    return np.ascontiguousarray(shaded(lying, across).transpose(1, 0, 2)[:, ::-1])
