"""Circuit boards: traces, pads, vias and chips."""

import cv2
import numpy as np

from pipeline.codes.painting.canvas import Colour, Picture, filled
from pipeline.codes.painting.colours import hsv, mixed
from pipeline.codes.painting.draws import between, chance, count_between, pick, size_between
from pipeline.codes.painting.ink import stamp
from pipeline.codes.painting.lettering import FACES, line_mask
from pipeline.codes.painting.light import lit
from pipeline.codes.painting.words import words

_GOLD: Colour = (196, 180, 120)
_HOLE: Colour = (20, 20, 20)
_MOST_BUNDLES = 45
_MOST_PARTS = 40


def paint_circuit_board(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint a populated board, mostly green."""
    hue = pick(rng, (0.33, 0.33, 0.36, 0.4, 0.6, 0.0))
    board = hsv(hue, between(rng, 0.5, 0.95), between(rng, 0.15, 0.5))
    picture = filled(width, height, board)
    pitch = round(size_between(rng, 5, 18))
    trace = mixed(board, (200, 255, 200), between(rng, 0.12, 0.35))
    area = width * height / (pitch * pitch)
    for _ in range(min(_MOST_BUNDLES, round(area / 80) + 4)):
        _bundle(rng, picture, pitch, trace)
    for _ in range(min(_MOST_PARTS, round(area / 200) + 2)):
        pick(rng, (_chip, _small_part, _small_part))(rng, picture, pitch)
        place = count_between(rng, 0, width), count_between(rng, 0, height)
        text = words(rng, 1)[0][:4].upper()
        stamp(
            picture, line_mask(text, FACES[0], count_between(rng, 7, 12)), (235, 240, 235), *place
        )
    return lit(rng, picture)


def _bundle(rng: np.random.Generator, picture: Picture, pitch: int, colour: Colour) -> None:
    """Draw traces side by side with a bend of 45 degrees, each ending in a plated hole."""
    height, width = picture.shape[:2]
    first, slope, last = (rng.integers(-12, 13, 3) * pitch).tolist()
    x, y = count_between(rng, 0, width), count_between(rng, 0, height)
    for _ in range(count_between(rng, 1, 6)):
        bend = (x + first + slope, y + slope)
        end = (bend[0], bend[1] + last)
        points = np.array([(x, y), (x + first, y), bend, end], np.int32)
        cv2.polylines(picture, [points], isClosed=False, color=colour, thickness=max(1, pitch // 3))
        cv2.circle(picture, end, max(2, pitch // 2), _GOLD, -1, cv2.LINE_AA)
        cv2.circle(picture, end, max(1, pitch // 5), _HOLE, -1)
        y += pitch


def _small_part(rng: np.random.Generator, picture: Picture, pitch: int) -> None:
    """Draw a part with two soldered ends."""
    height, width = picture.shape[:2]
    x, y = count_between(rng, 0, width), count_between(rng, 0, height)
    long, short = pitch * 2, pitch
    body = pick(rng, ((30, 30, 30), (150, 120, 80), (60, 60, 70)))
    if chance(rng, 0.5):
        cv2.rectangle(picture, (x, y), (x + long, y + short), (205, 205, 200), -1)
        cv2.rectangle(picture, (x + pitch // 2, y), (x + long - pitch // 2, y + short), body, -1)
    else:
        cv2.rectangle(picture, (x, y), (x + short, y + long), (205, 205, 200), -1)
        cv2.rectangle(picture, (x, y + pitch // 2), (x + short, y + long - pitch // 2), body, -1)


def _chip(rng: np.random.Generator, picture: Picture, pitch: int) -> None:
    """Draw a chip with pins on two sides and its marking."""
    height, width = picture.shape[:2]
    x, y = count_between(rng, -pitch, width), count_between(rng, -pitch, height)
    pins = count_between(rng, 4, 14)
    deep = count_between(rng, 4, pins) * pitch
    for left in range(x, x + pins * pitch, pitch):
        corner = left + pitch // 2, y + deep + pitch
        cv2.rectangle(picture, (left, y - pitch), corner, (205, 205, 200), -1)
    cv2.rectangle(picture, (x - pitch // 2, y), (x + pins * pitch, y + deep), (28, 28, 30), -1)
    cv2.circle(picture, (x + pitch // 2, y + pitch), max(1, pitch // 3), (60, 60, 60), -1)
    marking = line_mask(words(rng, 1)[0].upper(), FACES[0], max(6, pitch))
    stamp(picture, marking, (150, 150, 150), x + pitch, y + deep // 2)
