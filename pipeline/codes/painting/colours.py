"""Colours that go together, and grey values turned into colours."""

import colorsys
from collections.abc import Sequence

import cv2
import numpy as np

from pipeline.codes.painting.canvas import BLACK, WHITE, Colour, Mask, Picture, bytes_of
from pipeline.codes.painting.draws import between, chance, pick

# Red, orange, yellow, green, blue, dark blue: what people paint and print with most.
_COMMON_HUES = (0.0, 0.07, 0.13, 0.3, 0.56, 0.63)
_NEUTRAL_FROM = 3
_BRIGHT_LUMA = 140.0


def hsv(hue: float, saturation: float, value: float) -> Colour:
    """Return a colour from hue (turns), saturation (0..1) and value (0..1)."""
    red, green, blue = colorsys.hsv_to_rgb(hue % 1.0, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)


def any_hue(rng: np.random.Generator) -> float:
    """Return a hue in turns, mostly near a common one."""
    if chance(rng, 0.3):
        return float(rng.random())
    return pick(rng, _COMMON_HUES) + 0.03 * float(rng.standard_normal())


def any_colour(rng: np.random.Generator) -> Colour:
    """Return any colour, muted ones more often than strong ones."""
    return hsv(any_hue(rng), rng.random() ** 2, between(rng, 0.08, 1.0))


def strong_colour(rng: np.random.Generator) -> Colour:
    """Return a colour as it is printed on packaging and signs."""
    return hsv(any_hue(rng), between(rng, 0.6, 1.0), between(rng, 0.4, 1.0))


def grey(rng: np.random.Generator, low: float, high: float) -> Colour:
    """Return a grey with hardly any colour, its value between two numbers in 0..1."""
    return hsv(rng.random(), rng.random() * 0.08, between(rng, low, high))


def paper(rng: np.random.Generator) -> Colour:
    """Return the colour of something to print on: mostly white, at times tinted."""
    if chance(rng, 0.2):
        return hsv(any_hue(rng), between(rng, 0.1, 0.5), between(rng, 0.7, 1.0))
    return hsv(between(rng, 0.05, 0.2), rng.random() ** 2 * 0.15, between(rng, 0.75, 1.0))


def ink(rng: np.random.Generator) -> Colour:
    """Return the colour of something to print with: mostly black, at times a dark colour."""
    if chance(rng, 0.25):
        return hsv(any_hue(rng), between(rng, 0.5, 1.0), between(rng, 0.15, 0.6))
    return hsv(rng.random(), rng.random() * 0.3, between(rng, 0.0, 0.25))


def ink_on_paper(rng: np.random.Generator) -> tuple[Colour, Colour]:
    """Return the colours of ink and paper: mostly dark on light; at times inverse or faint."""
    colours = (ink(rng), paper(rng))
    if chance(rng, 0.12):
        colours = (strong_colour(rng), pick(rng, (WHITE, BLACK, paper(rng))))
    if chance(rng, 0.12):
        colours = (mixed(colours[0], colours[1], between(rng, 0.4, 0.7)), colours[1])
    return (colours[1], colours[0]) if chance(rng, 0.17) else colours


def palette(rng: np.random.Generator, count: int) -> list[Colour]:
    """Return colours that a designer would use together: few hues, and a neutral one."""
    hue, step = any_hue(rng), pick(rng, (0.04, 0.08, 0.33, 0.5))
    hues = [hue + step * int(rng.integers(-1, 2)) for _ in range(count)]
    colours = [hsv(h, between(rng, 0.3, 1.0), between(rng, 0.3, 1.0)) for h in hues]
    if count >= _NEUTRAL_FROM:
        colours[int(rng.integers(count))] = pick(rng, (WHITE, WHITE, paper(rng), BLACK))
    return colours


def mixed(one: Colour, other: Colour, share: float) -> Colour:
    """Return a colour with a share (0..1) of the other in the one.

    >>> mixed((0, 0, 0), (200, 100, 50), 0.5)
    (100, 50, 25)
    """
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def tones(colour: Colour, depth: float, shine: float) -> tuple[Colour, Colour, Colour]:
    """Return a colour between a darker and a lighter one of itself; shares in 0..1."""
    return mixed(colour, BLACK, depth), colour, mixed(colour, WHITE, shine)


def contrast_colour(colour: Colour) -> Colour:
    """Return black or white, whichever is easier to read on a colour."""
    red, green, blue = colour
    return BLACK if 0.299 * red + 0.587 * green + 0.114 * blue > _BRIGHT_LUMA else WHITE


def coloured(values: Mask, stops: Sequence[Colour]) -> Picture:
    """Return a picture where 0 has the first colour, 255 the last, and the others lie between.

    Args:
        values: uint8 [H, W].
        stops: At least two colours, evenly spaced over 0..255.
    """
    places = np.linspace(0, 255, len(stops))
    channels = [np.interp(np.arange(256), places, [c[i] for c in stops]) for i in range(3)]
    table = bytes_of(np.stack(channels, axis=-1) + 0.5)[:, None, :]
    return np.asarray(cv2.applyColorMap(values, table), np.uint8)
