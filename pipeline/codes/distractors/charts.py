"""Charts, rulers and scales."""

import cv2
import numpy as np

from pipeline.codes.painting.canvas import Picture, filled, pixel_grid
from pipeline.codes.painting.colours import ink_on_paper, palette
from pipeline.codes.painting.draws import between, chance, count_between, pick, size_between
from pipeline.codes.painting.ink import inked, stamp
from pipeline.codes.painting.lettering import FACES, line_mask


def paint_bar_chart(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint bars of one width and several heights above a line, with scale lines."""
    ink, paper = ink_on_paper(rng)
    picture = filled(width, height, paper)
    foot, step = round(height * between(rng, 0.8, 0.95)), round(size_between(rng, 14, 90))
    for y in range(0, foot, max(12, height // 6)):
        cv2.line(picture, (0, y), (width, y), (190, 190, 190), 1)
    colours = palette(rng, 3) if chance(rng, 0.6) else [ink]
    for number, x in enumerate(range(step // 2, width - step // 2, step)):
        top = round(foot * between(rng, 0.05, 0.85))
        corners = (x, top), (x + round(step * 0.6), foot)
        cv2.rectangle(picture, *corners, colours[number % len(colours)], -1)
        stamp(picture, line_mask(str(number), FACES[0], 10), ink, x, foot + 4)
    cv2.line(picture, (0, foot), (width, foot), ink, 2)
    return picture


def paint_line_chart(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint jagged curves over squared paper."""
    ink, paper = ink_on_paper(rng)
    picture = filled(width, height, paper)
    step = round(size_between(rng, 10, 60))
    for x in range(0, width, step):
        cv2.line(picture, (x, 0), (x, height), (200, 200, 200), 1)
    for y in range(0, height, step):
        cv2.line(picture, (0, y), (width, y), (200, 200, 200), 1)
    thick = count_between(rng, 1, 4)
    for colour in [*palette(rng, 3), ink][count_between(rng, 0, 3) :]:
        curve = np.cumsum(rng.normal(0, height / 15, width // 6 + 2)) + height * rng.random()
        points = np.stack([np.arange(len(curve)) * 6, curve], axis=1).astype(np.int32)
        cv2.polylines(picture, [points], False, colour, thick, cv2.LINE_AA)
    return picture


def paint_ruler(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint the ticks of a ruler or scale: equally far apart, of three lengths, numbered."""
    step = size_between(rng, 4, 24)
    count, line = int(width / step) + 1, max(1, round(step * between(rng, 0.1, 0.35)))
    mask = np.zeros((height, width), np.uint8)
    long = round(height * between(rng, 0.2, 0.5))
    size = max(8, round(min(step * 4, height * 0.3)))
    face, large, small = pick(rng, FACES), 10, pick(rng, (2, 5))
    for tick in range(count):
        x = round(tick * step)
        share = 1.0 if tick % large == 0 else 0.7 if tick % small == 0 else 0.45
        mask[: round(long * share), x : x + line] = 255
        if tick % large == 0:
            number = line_mask(str(tick // large), face, size)
            part = mask[long + 4 : long + 4 + number.shape[0], x : x + number.shape[1]]
            part[:] = number[: part.shape[0], : part.shape[1]]
    return inked(rng, mask)


def paint_dial(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint a clock or gauge: ticks about a centre, and hands."""
    x, y = pixel_grid(width, height)
    radius = min(width, height) * between(rng, 0.3, 0.48)
    distance = np.sqrt((x - width / 2) ** 2 + (y - height / 2) ** 2)
    turns = np.arctan2(y - height / 2, x - width / 2) / (2 * np.pi)
    ticks = pick(rng, (12, 24, 60))
    is_tick = (np.abs((turns * ticks) % 1 - 0.5) > between(rng, 0.3, 0.47)) & (
        distance > radius * 0.8
    )
    mask = np.asarray((is_tick & (distance < radius * 0.95)) * 255, np.uint8)
    centre = width // 2, height // 2
    cv2.circle(mask, centre, round(radius), 255, count_between(rng, 1, 6), cv2.LINE_AA)
    for share in (0.5, 0.75):
        angle = between(rng, 0, 2 * np.pi)
        tip = (
            round(centre[0] + np.cos(angle) * radius * share),
            round(centre[1] + np.sin(angle) * radius * share),
        )
        cv2.line(mask, centre, tip, 255, max(1, round(radius * 0.05)), cv2.LINE_AA)
    return inked(rng, mask)
