"""Rows of teeth: combs, heat sinks, pins of chips, zips, stairs, perforated stamps."""

import cv2
import numpy as np

from pipeline.codes.backdrops.columns import photograph
from pipeline.codes.painting.canvas import Picture, filled, paste, pixel_grid
from pipeline.codes.painting.colours import any_colour, coloured, grey, paper, tones
from pipeline.codes.painting.draws import between, chance, count_between, pick, size_between
from pipeline.codes.painting.ink import inked, stamp
from pipeline.codes.painting.lettering import FACES, line_mask
from pipeline.codes.painting.light import lit
from pipeline.codes.painting.words import figure, words


def paint_comb(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint teeth of one width that hang from a back, or stand out of it on both sides."""
    period, share = size_between(rng, 5, 50), between(rng, 0.3, 0.75)
    x, y = pixel_grid(width, height)
    is_tooth = (x / period % 1 < share) & (y < height * between(rng, 0.75, 0.98))
    top, back = between(rng, 0.0, 0.5) * height, between(rng, 0.08, 0.25) * height
    is_back = (y > top) & (y < top + back)
    return inked(
        rng, np.asarray((is_back | (is_tooth & (y > top * chance(rng, 0.5)))) * 255, np.uint8)
    )


def paint_pins(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint a large chip with pins on two or four sides."""
    picture = filled(width, height, any_colour(rng))
    pitch = size_between(rng, 5, 40)
    metal, body = grey(rng, 0.6, 0.95), grey(rng, 0.05, 0.25)
    depth = round(min(width, height) * between(rng, 0.12, 0.3))
    for x in np.arange(depth, width - depth, pitch).astype(int).tolist():
        cv2.rectangle(
            picture, (x, depth // 3), (x + round(pitch * 0.5), height - depth // 3), metal, -1
        )
    if chance(rng, 0.6):
        for y in np.arange(depth, height - depth, pitch).astype(int).tolist():
            cv2.rectangle(
                picture, (depth // 3, y), (width - depth // 3, y + round(pitch * 0.5)), metal, -1
            )
    cv2.rectangle(picture, (depth, depth), (width - depth, height - depth), body, -1)
    size = max(7, min(width, height) // 12)
    for row in range(count_between(rng, 1, 3)):
        text = line_mask(words(rng, 1)[0].upper() + figure(rng), FACES[0], size)
        stamp(picture, text, grey(rng, 0.5, 0.9), depth * 3 // 2, height // 3 + row * size * 2)
    return lit(rng, picture)


def paint_stairs(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint steps seen from the front: they narrow with distance, evenly."""
    y = pixel_grid(width, height)[1]
    horizon = -height * between(rng, 0.05, 0.6)
    phase = size_between(rng, 600, 6000) / (y - horizon) * (height / 400)
    shade = np.where(phase % 1 < between(rng, 0.3, 0.6), 60.0, 200.0) + phase % 1 * 30
    values = np.asarray(np.clip(np.repeat(shade, width, axis=1), 0, 255), np.uint8)
    return coloured(np.ascontiguousarray(values), tones(any_colour(rng), 0.7, 0.4))


def paint_stamps(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint a sheet of postage stamps with perforated edges."""
    sheet = paper(rng)
    picture = filled(width, height, sheet)
    stamp_w, stamp_h = (round(size_between(rng, 40, 200)) for _ in range(2))
    margin, pitch = max(3, min(stamp_w, stamp_h) // 12), max(4, min(stamp_w, stamp_h) // 14)
    motif = photograph(rng, max(8, stamp_w - 2 * margin), max(8, stamp_h - 2 * margin))
    stamp(motif, line_mask(figure(rng), FACES[1], max(8, stamp_h // 6)), sheet, 4, 4)
    hole = grey(rng, 0.0, 0.5)
    for top in range(0, height, stamp_h):
        for left in range(0, width, stamp_w):
            paste(picture, motif, left + margin, top + margin)
            for x in range(left, left + stamp_w, pitch):
                cv2.circle(picture, (x, top), max(1, pitch // 3), hole, -1)
            for y in range(top, top + stamp_h, pitch):
                cv2.circle(picture, (left, y), max(1, pitch // 3), hole, -1)
    return picture


def paint_zip(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint the teeth of a zip or a film's perforation: blocks in one or two rows."""
    pitch, thick = size_between(rng, 8, 50), max(8, round(height * between(rng, 0.08, 0.3)))
    x, y = pixel_grid(width, height)
    share, shift = between(rng, 0.35, 0.65), pick(rng, (0.0, 0.5))
    gap = thick * between(rng, 0.8, 3.0)
    upper = (np.abs(y - height / 2 + gap / 2) < thick / 2) & (x / pitch % 1 < share)
    lower = (np.abs(y - height / 2 - gap / 2) < thick / 2) & ((x / pitch + shift) % 1 < share)
    return inked(rng, np.asarray((upper | lower) * 255, np.uint8))
