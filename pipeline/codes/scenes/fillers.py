"""What stands beside the codes on labels, pages and packages: text, tables, blocks, signs."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.codes.painting.canvas import Colour
from pipeline.codes.painting.draws import chance, pick
from pipeline.codes.painting.lettering import BOLD_FACES, FACES, line_mask
from pipeline.codes.painting.weighted import weighted
from pipeline.codes.symbols.payloads import random_capitals, random_digits, random_words

_LINE_PX_MIN = 7


@dataclass(frozen=True, slots=True)
class Cell:
    """A rectangle on a sheet, in pixels."""

    left: int
    top: int
    width: int
    height: int

    def inset(self, margin: int) -> "Cell":
        """Leave a margin free on all sides, as far as the cell allows."""
        across = min(margin, (self.width - 1) // 2)
        down = min(margin, (self.height - 1) // 2)
        return Cell(
            self.left + across,
            self.top + down,
            max(1, self.width - 2 * across),
            max(1, self.height - 2 * down),
        )

    def split(self, share: float) -> tuple["Cell", "Cell"]:
        """Cut the longer side in two; the first part gets the share, 0..1."""
        if self.width > self.height:
            cut = max(1, int(self.width * share))
            return (
                Cell(self.left, self.top, cut, self.height),
                Cell(self.left + cut, self.top, max(1, self.width - cut), self.height),
            )
        cut = max(1, int(self.height * share))
        return (
            Cell(self.left, self.top, self.width, cut),
            Cell(self.left, self.top + cut, self.width, max(1, self.height - cut)),
        )

    def view(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the cell's part of a picture, which can be drawn on."""
        rows = np.s_[self.top : self.top + self.height]
        return image[rows, self.left : self.left + self.width]


def fill(rng: np.random.Generator, image: NDArray[np.uint8], cell: Cell, ink: Colour) -> None:
    """Draw something that is no code into a cell of a picture, uint8 [H, W, 3], in place."""
    draw = weighted(
        rng, {_text: 8, _heading: 4, _table: 1.5, _block: 1.5, _sign: 2, _empty: 2, _rules: 1}
    )
    draw(rng, cell.inset(pick(rng, (2, 5, 10))).view(image), ink)


def stamp(view: NDArray[np.uint8], cover: NDArray[np.uint8], ink: Colour) -> None:
    """Ink the part of a mask that fits into a view, from its top left, in place."""
    height = min(view.shape[0], cover.shape[0])
    width = min(view.shape[1], cover.shape[1])
    share = cover[:height, :width, None].astype(np.uint16)
    area = view[:height, :width]
    area[:] = (area * (255 - share) + np.array(ink, np.uint16) * share) // 255


def _text(rng: np.random.Generator, view: NDArray[np.uint8], ink: Colour) -> None:
    line_px = int(rng.integers(_LINE_PX_MIN, 22))
    face = pick(rng, FACES)
    for top in range(0, view.shape[0] - line_px, round(line_px * rng.uniform(1.15, 1.8))):
        words = max(1, int(view.shape[1] / (line_px * 3.2) * rng.uniform(0.4, 1.0)))
        stamp(view[top : top + line_px + 2], line_mask(_line(rng, words), face, line_px), ink)


def _line(rng: np.random.Generator, words: int) -> str:
    form = weighted(rng, {"words": 6, "number": 2, "capitals": 2})
    if form == "words":
        text = random_words(rng, words)
        return text.upper() if chance(rng, 0.2) else text.capitalize()
    if form == "number":
        return f"{random_words(rng, 1).capitalize()}: {random_digits(rng, 3 + words)}"
    return random_capitals(rng, 3 + 2 * words)


def _heading(rng: np.random.Generator, view: NDArray[np.uint8], ink: Colour) -> None:
    height = int(view.shape[0] * rng.uniform(0.3, 0.9))
    text = random_words(rng, 1).upper() if chance(rng, 0.6) else random_capitals(rng, 4)
    strip = line_mask(text, pick(rng, BOLD_FACES), max(_LINE_PX_MIN, min(height, 90)))
    stamp(view, strip, ink)


def _table(rng: np.random.Generator, view: NDArray[np.uint8], ink: Colour) -> None:
    height, width = view.shape[:2]
    step = int(rng.integers(14, 40))
    for row in range(0, height, step):
        view[row : row + 1] = ink
        stamp(
            view[row + 3 :, 3:],
            line_mask(_line(rng, 1), "DejaVuSans", max(_LINE_PX_MIN, step // 2)),
            ink,
        )
    for column in range(0, width, int(rng.integers(30, 120))):
        view[:, column : column + 1] = ink


def _block(rng: np.random.Generator, view: NDArray[np.uint8], ink: Colour) -> None:
    view[:] = ink if chance(rng, 0.5) else rng.integers(0, 256, 3)
    paper: Colour = (255, 255, 255) if view[0, 0].mean() < 140 else (0, 0, 0)  # noqa: PLR2004
    if chance(rng, 0.7):
        _heading(rng, view[view.shape[0] // 6 :, view.shape[1] // 10 :], paper)


def _sign(rng: np.random.Generator, view: NDArray[np.uint8], ink: Colour) -> None:
    """Draw simple shapes, as in logos and handling marks."""
    height, width = view.shape[:2]
    size = max(2, min(height, width) // 2 - 2)
    centre = (width // 2, height // 2)
    thickness = pick(rng, (-1, 2, max(2, size // 5)))
    canvas = np.ascontiguousarray(view)
    colour = ink if chance(rng, 0.6) else tuple(rng.integers(0, 256, 3).tolist())
    if chance(rng, 0.5):
        cv2.circle(canvas, centre, size, colour, thickness, cv2.LINE_AA)
    else:
        angles = rng.uniform(0, 6.3) + np.arange(int(rng.integers(3, 9))) * rng.uniform(0.8, 2.5)
        points = np.stack([np.cos(angles), np.sin(angles)], axis=1) * size + centre
        cv2.polylines(
            canvas, [points.astype(np.int32)], True, colour, max(1, abs(thickness)), cv2.LINE_AA
        )
    view[:] = canvas


def _rules(rng: np.random.Generator, view: NDArray[np.uint8], ink: Colour) -> None:
    for row in range(0, view.shape[0], int(rng.integers(10, 40))):
        view[row : row + int(rng.integers(1, 4))] = ink


def _empty(_rng: np.random.Generator, _view: NDArray[np.uint8], _ink: Colour) -> None:
    pass
