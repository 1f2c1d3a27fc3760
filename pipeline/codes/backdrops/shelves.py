"""Shelves full of products."""

import cv2
import numpy as np

from pipeline.codes.backdrops.shapes import draw_lettering, draw_shape
from pipeline.codes.painting.canvas import Picture, filled, paste
from pipeline.codes.painting.colours import any_colour, contrast_colour, palette
from pipeline.codes.painting.draws import between, count_between, pick, size_between
from pipeline.codes.painting.light import lit, shaded


def paint_shelves(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint rows of boxes on boards, several of each product."""
    picture = filled(width, height, any_colour(rng))
    board, row_height = count_between(rng, 4, 16), round(size_between(rng, 60, 260))
    products = [_product(rng, row_height - board) for _ in range(10)]
    board_colour = any_colour(rng)
    for bottom in range(count_between(rng, 20, row_height), height + row_height, row_height):
        x = -count_between(rng, 0, 30)
        while x < width:
            product = pick(rng, products)
            for _ in range(count_between(rng, 1, 3)):
                paste(picture, product, x, bottom - board - product.shape[0])
                x += product.shape[1] + count_between(rng, 0, 4)
        cv2.rectangle(picture, (0, bottom - board), (width, bottom), board_colour, -1)
        _price_tags(rng, picture, bottom - board, board)
    return lit(rng, picture)


def _product(rng: np.random.Generator, room: int) -> Picture:
    """Paint the front of a product that fits below the next board."""
    height = max(8, round(room * between(rng, 0.55, 0.97)))
    width = max(8, round(room * size_between(rng, 0.25, 1.1)))
    colours = palette(rng, 3)
    picture = filled(width, height, colours[0])
    for colour in colours[1:]:
        draw_shape(rng, picture, colour)
    draw_lettering(rng, picture, [contrast_colour(colours[0])])
    across = np.linspace(-1, 1, 16)[None, :]
    return shaded(picture, 1.0 - np.abs(across) ** size_between(rng, 2, 12) * 0.5)


def _price_tags(rng: np.random.Generator, picture: Picture, top: int, board: int) -> None:
    """Put small white cards onto a board."""
    for x in range(count_between(rng, 0, 60), picture.shape[1], count_between(rng, 50, 200)):
        cv2.rectangle(picture, (x, top + 1), (x + board * 2, top + board - 1), (240, 240, 235), -1)
        cv2.rectangle(
            picture, (x + 2, top + board // 3), (x + board, top + board // 2), (40, 40, 40), -1
        )
