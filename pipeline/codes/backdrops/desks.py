"""Tables with things lying on them, and parcels with tape and labels."""

import cv2
import numpy as np

from pipeline.codes.backdrops.labels import paint_label
from pipeline.codes.backdrops.materials import paint_cardboard, paint_cloth
from pipeline.codes.backdrops.packaging import paint_packaging
from pipeline.codes.backdrops.pages import paint_invoice, paint_page
from pipeline.codes.backdrops.plain import paint_gradient, paint_surface
from pipeline.codes.backdrops.stone import paint_marble
from pipeline.codes.backdrops.wood import paint_wood
from pipeline.codes.painting.canvas import BLACK, WHITE, Painter, Picture, filled
from pipeline.codes.painting.colours import any_colour, grey, hsv, ink, mixed, paper, strong_colour
from pipeline.codes.painting.draws import between, chance, count_between, pick, size_between
from pipeline.codes.painting.ink import stamp
from pipeline.codes.painting.lettering import BOLD_FACES, Setting, fitted_line, paragraph
from pipeline.codes.painting.light import lit, shadowed
from pipeline.codes.painting.view import laid_corners, lay
from pipeline.codes.painting.words import title

_TABLES: tuple[Painter, ...] = (paint_wood, paint_surface, paint_marble, paint_cloth)
_THINGS: tuple[Painter, ...] = (
    paint_page,
    paint_page,
    paint_invoice,
    paint_packaging,
    paint_label,
    paint_surface,
    paint_gradient,
)


def paint_desk(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint papers, boxes, pens and cups on a table, each with its shadow."""
    picture = pick(rng, _TABLES)(rng, width, height)
    for _ in range(count_between(rng, 1, 4)):
        size_wh = _size(rng, width, height)
        picture = _laid(rng, picture, pick(rng, _THINGS)(rng, *size_wh), between(rng, 2, 10))
    for _ in range(count_between(rng, 0, 2)):
        picture = pick(rng, (_pen, _pen, _cup))(rng, picture)
    return lit(rng, picture)


def paint_parcel(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint a cardboard box with adhesive tape, printed marks and an address label."""
    picture = paint_cardboard(rng, width, height)
    colour = mixed(ink(rng), (90, 60, 30), 0.3)
    for _ in range(count_between(rng, 0, 3)):
        text = title(rng, count_between(rng, 1, 2)).upper()
        line = fitted_line(text, pick(rng, BOLD_FACES), width // 2, max(8, height // 8))
        place = count_between(rng, 0, width // 2), count_between(rng, 0, height)
        stamp(picture, line, colour, *place)
    if chance(rng, 0.7):
        picture = _taped(rng, picture)
    for _ in range(count_between(rng, 0, 2)):
        picture = _laid(rng, picture, _address(rng, *_size(rng, width, height)), 1.5)
    return lit(rng, picture)


def _size(rng: np.random.Generator, width: int, height: int) -> tuple[int, int]:
    """Return the size of something that lies on a table of a size."""
    side = min(width, height) * between(rng, 0.3, 0.9)
    ratio = size_between(rng, 0.5, 1.6)
    return max(64, round(side * ratio)), max(64, round(side))


def _laid(rng: np.random.Generator, picture: Picture, thing: Picture, thickness: float) -> Picture:
    """Return a picture with a thing lying somewhere on it."""
    height, width = picture.shape[:2]
    size_wh = (thing.shape[1], thing.shape[0])
    centre_xy = between(rng, 0, width), between(rng, 0, height)
    angle = between(rng, -0.3, 0.3) if chance(rng, 0.6) else between(rng, -np.pi, np.pi)
    mask = np.zeros((height, width), np.uint8)
    corners = laid_corners(size_wh, centre_xy, angle)
    cv2.fillPoly(mask, [corners + round(thickness)], 255)
    whole = shadowed(picture, mask, thickness, between(rng, 0.2, 0.7))
    lay(whole, thing, centre_xy, angle)
    return whole


def _pen(rng: np.random.Generator, picture: Picture) -> Picture:
    """Return a picture with a pen on it."""
    height, width = picture.shape[:2]
    thick = max(3, round(min(width, height) * between(rng, 0.015, 0.04)))
    start = rng.uniform(0, (width, height))
    angle = between(rng, 0, 2 * np.pi)
    along = np.array([np.cos(angle), np.sin(angle)]) * thick
    tip, body = (start + along * 2).astype(int).tolist(), (start + along * 18).astype(int).tolist()
    mask = np.zeros((height, width), np.uint8)
    cv2.line(mask, start.astype(int).tolist(), body, 255, thick)
    whole = shadowed(picture, mask, thick, 0.5)
    colour = any_colour(rng)
    cv2.line(whole, tip, body, colour, thick, cv2.LINE_AA)
    cv2.line(whole, tip, body, mixed(colour, WHITE, 0.4), max(1, thick // 4), cv2.LINE_AA)
    cv2.line(whole, start.astype(int).tolist(), tip, grey(rng, 0.2, 0.8), max(1, thick // 2))
    return whole


def _cup(rng: np.random.Generator, picture: Picture) -> Picture:
    """Return a picture with a cup seen from above."""
    height, width = picture.shape[:2]
    radius = max(6, round(min(width, height) * between(rng, 0.08, 0.2)))
    centre = count_between(rng, 0, width), count_between(rng, 0, height)
    mask = np.zeros((height, width), np.uint8)
    cv2.circle(mask, (centre[0] + radius // 4, centre[1] + radius // 4), radius, 255, -1)
    whole = shadowed(picture, mask, radius / 4, 0.6)
    china = any_colour(rng)
    cv2.circle(whole, centre, radius, china, -1, cv2.LINE_AA)
    cv2.circle(whole, centre, radius * 9 // 10, mixed(china, BLACK, 0.3), -1, cv2.LINE_AA)
    drink = hsv(between(rng, 0.03, 0.1), 0.7, between(rng, 0.1, 0.5))
    cv2.circle(whole, centre, radius * 8 // 10, drink, -1, cv2.LINE_AA)
    return whole


def _taped(rng: np.random.Generator, picture: Picture) -> Picture:
    """Return a picture with a strip of adhesive tape across it."""
    height, width = picture.shape[:2]
    thick = max(8, round(min(width, height) * between(rng, 0.08, 0.25)))
    strip = picture.copy()
    colour = pick(rng, ((200, 170, 120), (235, 225, 200), (150, 110, 60), strong_colour(rng)))
    start = (-thick, count_between(rng, 0, height))
    end = (width + thick, start[1] + count_between(rng, -height // 5, height // 5))
    if chance(rng, 0.5):
        start, end = (count_between(rng, 0, width), -thick), (start[1], height + thick)
    cv2.line(strip, start, end, colour, thick, cv2.LINE_AA)
    share = between(rng, 0.4, 0.95)
    return np.asarray(cv2.addWeighted(strip, share, picture, 1 - share, 0), np.uint8)


def _address(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint a white label with an address and boxes around its parts."""
    picture = filled(width, height, paper(rng))
    colour = ink(rng)
    size = max(6, height / size_between(rng, 9, 24))
    margin = round(size)
    for top in range(margin, height - margin, max(24, height // count_between(rng, 2, 4))):
        face = pick(rng, ("DejaVuSans", "DejaVuSans-Bold", "DejaVuSansMono"))
        setting = Setting(face, size * between(rng, 0.7, 1.4), ragged=0.5)
        block = paragraph(rng, max(16, width // 2), height // 4, setting)
        stamp(picture, block, colour, margin + count_between(rng, 0, width // 3), top)
        if chance(rng, 0.6):
            cv2.line(picture, (0, top - 3), (width, top - 3), colour, count_between(rng, 1, 3))
    cv2.rectangle(picture, (2, 2), (width - 3, height - 3), colour, count_between(rng, 1, 3))
    return picture
