"""Packaging: boxes, bags, bottles and posters with colour blocks, round shapes, big names."""

import numpy as np

from pipeline.codes.backdrops.columns import photograph
from pipeline.codes.backdrops.shapes import draw_lettering, draw_shape
from pipeline.codes.painting.canvas import Field, Picture, filled, paste
from pipeline.codes.painting.colours import coloured, contrast_colour, palette
from pipeline.codes.painting.draws import between, chance, count_between, pick
from pipeline.codes.painting.light import lit, shaded
from pipeline.codes.painting.noise import fractal, levels


def paint_packaging(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint the front or side of a package, flat or bent like a can."""
    colours = palette(rng, 5)
    picture = filled(width, height, colours[0])
    if chance(rng, 0.4):
        clouds = fractal(rng, width, height, coarse=max(width, height), fine=40, gain=0.4)
        picture = coloured(levels(clouds, spread=60), colours[:2])
    for _ in range(count_between(rng, 2, 9)):
        draw_shape(rng, picture, pick(rng, colours))
    if chance(rng, 0.3):
        paste(picture, photograph(rng, width // 2, height // 2), *_corner(rng, picture))
    for _ in range(count_between(rng, 2, 8)):
        draw_lettering(rng, picture, [contrast_colour(colours[0]), pick(rng, colours)])
    if chance(rng, 0.3):
        picture = shaded(picture, _bent(rng))
    return lit(rng, picture)


def paint_poster(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint a poster or cover: a picture that fills it, and a title."""
    picture = photograph(rng, width, height)
    for _ in range(count_between(rng, 0, 3)):
        draw_shape(rng, picture, pick(rng, palette(rng, 3)))
    mean = picture.mean(axis=(0, 1))
    title_colour = contrast_colour((int(mean[0]), int(mean[1]), int(mean[2])))
    for _ in range(count_between(rng, 1, 6)):
        draw_lettering(rng, picture, [title_colour, pick(rng, palette(rng, 3))])
    return lit(rng, picture)


def _corner(rng: np.random.Generator, picture: Picture) -> tuple[int, int]:
    """Return some place in the picture's upper left half."""
    height, width = picture.shape[:2]
    return count_between(rng, 0, width // 2), count_between(rng, 0, height // 2)


def _bent(rng: np.random.Generator) -> Field:
    """Return the light on a round can or bottle standing upright, [1, 32]."""
    across = np.linspace(-1, 1, 32)[None, :]
    glint = np.exp(-(((across - between(rng, -0.6, 0.6)) / between(rng, 0.05, 0.3)) ** 2))
    return np.sqrt(np.maximum(1.0 - across**2, 0.02)) + glint * between(rng, 0.0, 0.6)
