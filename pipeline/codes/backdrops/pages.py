"""Rendered pages: letters and articles, newspapers, invoices."""

import cv2
import numpy as np

from pipeline.codes.backdrops.columns import Column, fill_column
from pipeline.codes.painting.canvas import Colour, Picture, filled
from pipeline.codes.painting.colours import grey, hsv, ink, paper, strong_colour
from pipeline.codes.painting.draws import between, chance, count_between, pick, size_between
from pipeline.codes.painting.ink import stamp
from pipeline.codes.painting.lettering import (
    BOLD_FACES,
    FACES,
    Letters,
    Setting,
    any_setting,
    fitted_line,
    paragraph,
)
from pipeline.codes.painting.light import lit
from pipeline.codes.painting.words import title


def paint_page(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint a document of one to three columns."""
    setting = any_setting(rng, 6, 24)
    columns = count_between(rng, 1, max(1, min(3, round(width / (setting.size * 14)))))
    picture = filled(width, height, paper(rng))
    _fill(rng, picture, columns, (setting, ink(rng)), 0)
    return lit(rng, picture)


def paint_newspaper(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint narrow columns of small print below a headline, on greyish paper."""
    sheet = hsv(between(rng, 0.08, 0.15), between(rng, 0.02, 0.15), between(rng, 0.7, 0.92))
    picture = filled(width, height, sheet)
    colour = grey(rng, 0.05, 0.25)
    top = count_between(rng, 0, height // 8)
    headline = fitted_line(title(rng, 3), pick(rng, BOLD_FACES), width - 8, height // 5)
    stamp(picture, headline, colour, 4, top)
    setting = Setting(pick(rng, FACES), size_between(rng, 6, 11), 1.15, ragged=0.04, ends=0.08)
    columns = max(1, round(width / size_between(rng, 70, 160)))
    _fill(rng, picture, columns, (setting, colour), top + headline.shape[0] + 8)
    return lit(rng, picture)


def paint_invoice(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint a bill: a name, an address, a table of amounts, a total."""
    picture = filled(width, height, paper(rng))
    colour, accent = ink(rng), strong_colour(rng)
    size = round(size_between(rng, 7, 16))
    name = fitted_line(title(rng, 2), pick(rng, BOLD_FACES), width // 2, size * 4)
    stamp(picture, name, accent, width // 16, size)
    setting = Setting(pick(rng, FACES), size, 1.3, ragged=0.6)
    address = paragraph(rng, width // 3, size * 7, setting)
    stamp(picture, address, colour, pick(rng, (width // 16, width * 5 // 8)), size * 6)
    table = _amounts(rng, width * 7 // 8, max(8, height - size * 15), setting)
    stamp(picture, table, colour, width // 16, size * 15)
    if chance(rng, 0.6):
        cv2.rectangle(picture, (width // 16, size * 14), (width * 15 // 16, size * 15), accent, -1)
    return lit(rng, picture)


def _fill(
    rng: np.random.Generator,
    picture: Picture,
    columns: int,
    setting_and_ink: tuple[Setting, Colour],
    top: int,
) -> None:
    """Fill columns of equal width below a height."""
    height, width = picture.shape[:2]
    gutter = max(3, round(setting_and_ink[0].size * between(rng, 0.8, 2.5)))
    pitch = (width - gutter) // columns
    picture_share = pick(rng, (0.0, 0.1, 0.25))
    for number in range(columns):
        left = gutter + number * pitch
        column = Column(left, left + pitch - gutter, *setting_and_ink, picture_share)
        fill_column(rng, picture, column, top + count_between(rng, 0, height // 12))


def _amounts(rng: np.random.Generator, width: int, height: int, setting: Setting) -> np.ndarray:
    """Return a table with a column of words and two of figures, uint8 [H, W]."""
    spaced = Setting(setting.face, setting.size, between(rng, 1.4, 2.4), ragged=0.7)
    figures = Setting(setting.face, setting.size, spaced.leading, letters=Letters.DIGITS)
    mask = paragraph(rng, width, height, spaced)
    for left in (0.62, 0.84):
        mask[:, int(width * left) :] = 0
        column = paragraph(rng, max(8, int(width * 0.14)), height, figures)
        mask[:, int(width * left) : int(width * left) + column.shape[1]] = column
    step = setting.size * spaced.leading
    if chance(rng, 0.6):
        for y in np.arange(step - 2, height, step).astype(int).tolist():
            mask[y : y + 1] = 160
    return mask
