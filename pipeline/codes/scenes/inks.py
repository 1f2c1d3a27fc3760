"""Colours of inks and papers with enough contrast to read a code, and codes printed in them."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.codes.painting.canvas import Colour
from pipeline.codes.painting.draws import chance
from pipeline.codes.painting.weighted import weighted
from pipeline.codes.scenes.patch import Mark, Patch
from pipeline.codes.symbols.symbol import Symbol


@dataclass(frozen=True, slots=True)
class Print:
    """How a code is printed: the colour of its ink, and that of the paper below it."""

    ink: Colour
    paper: Colour


def random_print(rng: np.random.Generator) -> Print:
    """Draw colours; most often black on white, now and then light on dark."""
    pair = Print(_dark(rng), _light(rng))
    return Print(pair.paper, pair.ink) if chance(rng, 0.06) else pair


def contrasting_ink(rng: np.random.Generator, ground: float) -> Colour:
    """Draw an ink that shows on a ground of some brightness, 0..255."""
    return _dark(rng) if ground > 120 else _light(rng)  # noqa: PLR2004 - about middle grey


def printed(symbol: Symbol, colours: Print) -> Patch:
    """Print a code on paper of its own."""
    share = np.arange(256, dtype=np.float32)[:, None] / 255
    mixed = share * np.array(colours.ink) + (1 - share) * np.array(colours.paper)
    table = np.round(mixed).astype(np.uint8)[None]
    rgb = np.asarray(cv2.LUT(cv2.merge([symbol.ink] * 3), table), np.uint8)
    return Patch.opaque(rgb, (Mark(symbol.kind, symbol.corners, symbol.module_px),))


def printed_directly(symbol: Symbol, ink: Colour, opacity: float) -> Patch:
    """Print a code on whatever is behind it."""
    rgb = np.broadcast_to(np.array(ink, np.uint8), (*symbol.ink.shape, 3))
    alpha = (symbol.ink * opacity).astype(np.uint8)
    return Patch(
        np.ascontiguousarray(rgb), alpha, (Mark(symbol.kind, symbol.corners, symbol.module_px),)
    )


def random_paper(rng: np.random.Generator) -> Colour:
    """Draw a light colour, most often near white."""
    return _light(rng)


def _dark(rng: np.random.Generator) -> Colour:
    tone = weighted(rng, {"black": 78, "grey": 8, "coloured": 14})
    if tone == "coloured":
        shades = rng.integers(0, 60, 3)
        shades[rng.integers(3)] = rng.integers(60, 150)
        return _colour(shades)
    level = int(rng.integers(0, 40) if tone == "black" else rng.integers(40, 90))
    return _colour(level + rng.integers(-6, 7, 3))


def _light(rng: np.random.Generator) -> Colour:
    tone = weighted(rng, {"white": 70, "cream": 8, "grey": 8, "coloured": 14})
    if tone == "white":
        return _colour(int(rng.integers(225, 256)) + rng.integers(-5, 6, 3))
    if tone == "grey":
        return _colour(int(rng.integers(165, 225)) + rng.integers(-4, 5, 3))
    if tone == "cream":
        return _colour(np.array([235, 220, 190]) + rng.integers(-20, 20, 3))
    shades = rng.integers(150, 256, 3)
    shades[rng.integers(3)] = rng.integers(230, 256)
    return _colour(shades)


def _colour(shades: NDArray[np.int64]) -> Colour:
    red, green, blue = np.clip(shades, 0, 255).tolist()
    return red, green, blue
