"""Flat things with codes on them: parcel labels, pages, packages, tickets, screens, stickers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.codes.kinds import CodeKind
from pipeline.codes.painting.canvas import Colour
from pipeline.codes.painting.draws import chance, size_between
from pipeline.codes.painting.weighted import weighted
from pipeline.codes.scenes.fillers import Cell, fill
from pipeline.codes.scenes.inks import Print, printed, random_paper, random_print
from pipeline.codes.scenes.patch import Mark, Patch, rounded_alpha
from pipeline.codes.symbols.symbol import random_symbol

_CELL_PX_MIN = 16


@dataclass(frozen=True, slots=True)
class SheetStyle:
    """What a kind of sheet looks like.

    Attributes:
        aspect: Range of width / height.
        fillers: Range of the number of other things on it.
        paper: `light` for plain paper, `any` for whatever colour.
        radius: Range of the corners' radius as a share of the shorter side.
    """

    aspect: tuple[float, float]
    fillers: tuple[int, int]
    paper: str = "light"
    radius: tuple[float, float] = (0.0, 0.04)


_STYLES = {
    "label": SheetStyle((0.55, 2.2), (2, 9)),
    "page": SheetStyle((0.65, 0.8), (5, 14), radius=(0.0, 0.0)),
    "package": SheetStyle((0.5, 2.0), (1, 7), paper="any"),
    "card": SheetStyle((0.45, 2.6), (1, 4), paper="any", radius=(0.02, 0.12)),
    "sticker": SheetStyle((0.8, 1.6), (0, 2), radius=(0.0, 0.2)),
}
_STYLE_WEIGHTS = {"label": 5, "page": 3, "package": 4, "card": 3, "sticker": 4}


def random_sheet(rng: np.random.Generator, kinds: Sequence[CodeKind]) -> Patch:
    """Lay out some codes, each in a cell of its own, among other things."""
    style = _STYLES[weighted(rng, _STYLE_WEIGHTS)]
    canvas = _blank(rng, style)
    height, width = canvas.shape[:2]
    margin = int(min(width, height) * rng.uniform(0.0, 0.07))
    cells = _cells(rng, Cell(0, 0, width, height).inset(margin), len(kinds) + _count(rng, style))
    ink = _ink_on(rng, canvas)
    spots = sorted(cells, key=lambda cell: -min(cell.width, 2 * cell.height))[: len(kinds)]
    for cell in cells:
        if cell not in spots:
            fill(rng, canvas, cell, ink)
    pairs = zip(spots, kinds, strict=True)
    marks = tuple(_put_code(rng, canvas, cell, kind) for cell, kind in pairs)
    if chance(rng, 0.2):
        edge = margin // 2
        cv2.rectangle(canvas, (edge, edge), (width - edge, height - edge), ink, 2)
    radius = int(min(width, height) * rng.uniform(*style.radius))
    return Patch(canvas, rounded_alpha((width, height), radius), marks)


def _count(rng: np.random.Generator, style: SheetStyle) -> int:
    return int(rng.integers(style.fillers[0], style.fillers[1] + 1))


def _blank(rng: np.random.Generator, style: SheetStyle) -> NDArray[np.uint8]:
    aspect = size_between(rng, *style.aspect)
    side = rng.uniform(420, 680)
    size_wh = (int(side * aspect**0.5), int(side / aspect**0.5))
    if style.paper == "light" or chance(rng, 0.3):
        return np.full((size_wh[1], size_wh[0], 3), random_paper(rng), np.uint8)
    ends = rng.integers(0, 256, (2, 2, 3)).astype(np.uint8)
    if chance(rng, 0.6):
        ends[:] = ends[0, 0]
    return cv2.resize(ends, size_wh, interpolation=cv2.INTER_LINEAR).astype(np.uint8)


def _cells(rng: np.random.Generator, whole: Cell, count: int) -> list[Cell]:
    """Cut a rectangle into so many: always the largest one, somewhere in its middle part."""
    cells = [whole]
    while len(cells) < count:
        largest = max(range(len(cells)), key=lambda index: cells[index].width * cells[index].height)
        cells.extend(cells.pop(largest).split(rng.uniform(0.25, 0.75)))
    return cells


def _ink_on(rng: np.random.Generator, canvas: NDArray[np.uint8]) -> Colour:
    colours = random_print(rng)
    bright = canvas.mean() > 120  # noqa: PLR2004 - about middle grey
    dark_ink = sum(colours.ink) < sum(colours.paper)
    return colours.ink if bright == dark_ink else colours.paper


def _put_code(
    rng: np.random.Generator, canvas: NDArray[np.uint8], cell: Cell, kind: CodeKind
) -> Mark:
    """Print a code into a cell, as large as it fits or smaller."""
    cell = cell.inset(4)
    room = max(_CELL_PX_MIN, cell.width, cell.height)
    symbol = random_symbol(rng, kind, int(room * rng.uniform(0.4, 1.0)))
    patch = printed(symbol, _print_on(rng, canvas))
    lies_across = (cell.height > cell.width) != (patch.size_wh[1] > patch.size_wh[0])
    if chance(rng, 0.9 if lies_across else 0.05):
        patch = patch.turned(1 if chance(rng, 0.5) else 3)
    patch = patch.shrunk(min(cell.width / patch.size_wh[0], cell.height / patch.size_wh[1]))
    width, height = min(patch.size_wh[0], cell.width), min(patch.size_wh[1], cell.height)
    left = cell.left + int(rng.integers(0, cell.width - width + 1))
    top = cell.top + int(rng.integers(0, cell.height - height + 1))
    canvas[top : top + height, left : left + width] = patch.rgb[:height, :width]
    mark = patch.marks[0]
    return replace(mark, corners=mark.corners + np.array([left, top], np.float32))


def _print_on(rng: np.random.Generator, canvas: NDArray[np.uint8]) -> Print:
    """Print on the sheet's own paper where it is light, and on a white panel elsewhere."""
    colours = random_print(rng)
    paper = canvas[0, 0]
    plain = paper.min() > 150 and sum(colours.ink) < 330 and chance(rng, 0.85)  # noqa: PLR2004
    red, green, blue = paper.tolist()
    return Print(colours.ink, (red, green, blue)) if plain else colours
