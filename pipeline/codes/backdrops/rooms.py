"""Places out of focus: rooms with furniture and lamps, streets with houses."""

import cv2
import numpy as np

from pipeline.codes.painting.canvas import BLACK, WHITE, Picture, filled
from pipeline.codes.painting.colours import any_colour, coloured, grey, hsv, mixed
from pipeline.codes.painting.draws import between, chance, count_between, pick, size_between
from pipeline.codes.painting.light import lit

# Blurred pictures are painted small.
_STEP = 4


def paint_room(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint a blurred room: large soft things, and lamps as discs."""
    small = filled(width // _STEP + 2, height // _STEP + 2, any_colour(rng))
    for _ in range(count_between(rng, 6, 30)):
        _thing(rng, small)
    blurred = cv2.GaussianBlur(small, (0, 0), size_between(rng, 0.6, 8.0))
    if chance(rng, 0.5):
        blurred = cv2.add(blurred, _lamps(rng, small.shape[1], small.shape[0]))
    whole = cv2.resize(blurred, (width, height), interpolation=cv2.INTER_CUBIC)
    return lit(rng, np.asarray(whole, np.uint8))


def paint_street(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint sky, house fronts with rows of windows, and a road."""
    sky = (hsv(0.58, between(rng, 0.05, 0.6), between(rng, 0.4, 1.0)), grey(rng, 0.7, 1.0))
    slope = np.linspace(0, 255, height).astype(np.uint8)[:, None]
    picture = coloured(np.ascontiguousarray(np.repeat(slope, width, axis=1)), sky)
    ground = round(height * between(rng, 0.6, 0.95))
    x = -count_between(rng, 0, 40)
    while x < width:
        front_width = round(size_between(rng, 40, 250))
        top = count_between(rng, 0, max(1, ground - 40))
        _front(rng, picture, (x, top, x + front_width, ground))
        x += front_width
    cv2.rectangle(picture, (0, ground), (width, height), grey(rng, 0.2, 0.6), -1)
    if chance(rng, 0.6):
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), size_between(rng, 0.6, 4)), np.uint8)
    return lit(rng, picture)


def _thing(rng: np.random.Generator, small: Picture) -> None:
    """Draw a piece of furniture, a picture on the wall, a plant, somebody."""
    centre = count_between(rng, 0, small.shape[1]), count_between(rng, 0, small.shape[0])
    size = tuple(size_between(rng, 6, 120) for _ in range(2))
    if chance(rng, 0.7):
        corners = cv2.boxPoints((centre, size, between(rng, -12, 12) * chance(rng, 0.5)))
        cv2.fillPoly(small, [np.asarray(corners, np.int32)], any_colour(rng))
    else:
        axes = (round(size[0] / 2), round(size[1] / 2))
        cv2.ellipse(small, centre, axes, between(rng, 0, 180), 0, 360, any_colour(rng), -1)


def _lamps(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint discs of light on black."""
    picture = filled(width, height, BLACK)
    tint, size = hsv(rng.random(), 0.4, 1.0), size_between(rng, 3, 12)
    for _ in range(count_between(rng, 3, 30)):
        centre = count_between(rng, 0, width), count_between(rng, 0, height)
        glow = mixed(BLACK, mixed(tint, WHITE, rng.random()), between(rng, 0.1, 0.7))
        cv2.circle(picture, centre, round(size * between(rng, 0.7, 1.3)), glow, -1, cv2.LINE_AA)
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.7), np.uint8)


def _front(rng: np.random.Generator, picture: Picture, box: tuple[int, int, int, int]) -> None:
    """Draw a house front with windows."""
    left, top, right, bottom = box
    cv2.rectangle(picture, (left, top), (right, bottom), any_colour(rng), -1)
    glass = pick(rng, (grey(rng, 0.1, 0.4), hsv(0.58, 0.4, 0.6)))
    step_x, step_y = (round(size_between(rng, 14, 50)) for _ in range(2))
    for y in range(top + step_y // 2, bottom - step_y // 2, step_y):
        for x in range(left + step_x // 3, right - step_x // 2, step_x):
            cv2.rectangle(picture, (x, y), (x + step_x // 2, y + step_y * 3 // 5), glass, -1)
