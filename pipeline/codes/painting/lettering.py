"""Text without meaning, in the typefaces that matplotlib ships."""

from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from pathlib import Path

import cv2
import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from pipeline.codes.painting.canvas import Mask
from pipeline.codes.painting.draws import between, chance, pick, size_between
from pipeline.codes.painting.words import sentence

# The DejaVu family and STIX, both under open licences.
FACES = (
    "DejaVuSans",
    "DejaVuSans-Bold",
    "DejaVuSans-Oblique",
    "DejaVuSansMono",
    "DejaVuSansMono-Bold",
    "DejaVuSerif",
    "DejaVuSerif-Bold",
    "DejaVuSerif-Italic",
    "STIXGeneral",
    "STIXGeneralBol",
    "STIXGeneralItalic",
)
BOLD_FACES = (
    "DejaVuSans-Bold",
    "DejaVuSans-BoldOblique",
    "DejaVuSerif-Bold",
    "DejaVuSansMono-Bold",
    "STIXGeneralBol",
    "STIXGeneralBolIta",
)
MONO_FACES = ("DejaVuSansMono", "DejaVuSansMono-Bold")

# Running text is cut from galleys set in advance, because drawing letters takes most of the time.
# They come in these sizes, in pixels.
_GALLEY_SIZES = (6, 7, 8, 9, 10, 12, 14, 16, 18, 21, 24, 28, 34, 42, 52, 64)
_LINES_PER_LETTERS = 4
# Height of a line in sizes, with room for the letters that reach below it.
_LINE_HEIGHT = 1.3
_LARGEST_DRAWN = 96


class Letters(IntEnum):
    """What running text consists of."""

    WORDS = 0
    CAPITALS = 1
    DIGITS = 2


@dataclass(frozen=True, slots=True)
class Setting:
    """How text is set.

    Attributes:
        face: One of `FACES`.
        size: In pixels; the nearest size there is will be used.
        leading: Distance of two lines, in sizes.
        ragged: How much shorter than the column a line may be, 0..1.
        ends: How often a line is the last, shorter one of its paragraph, 0..1.
        letters: What the text consists of.
    """

    face: str
    size: float
    leading: float = 1.3
    ragged: float = 0.12
    ends: float = 0.1
    letters: Letters = Letters.WORDS


def any_setting(rng: np.random.Generator, smallest: float, largest: float) -> Setting:
    """Return some way to set text, with a size in a range of pixels."""
    return Setting(
        face=pick(rng, FACES),
        size=size_between(rng, smallest, largest),
        leading=between(rng, 1.05, 1.7),
        ragged=pick(rng, (0.02, 0.1, 0.3)),
        ends=pick(rng, (0.0, 0.1, 0.3)),
        letters=pick(rng, (Letters.WORDS,) * 6 + (Letters.CAPITALS, Letters.DIGITS)),
    )


def paragraph(rng: np.random.Generator, width: int, height: int, setting: Setting) -> Mask:
    """Return lines of text that fill a rectangle, uint8 [H, W], 255 where the letters are."""
    size = min(_GALLEY_SIZES, key=lambda known: abs(known - setting.size))
    galley = _galley(setting.face, size)
    sheet = np.zeros((height, width), np.uint8)
    step = max(3.0, size * setting.leading)
    for row in range(int(height / step) + 1):
        line = sheet[round(row * step) : round(row * step) + galley.height]
        share = 1.0 - setting.ragged * rng.random()
        if chance(rng, setting.ends):
            share = between(rng, 0.05, 0.8)
        _set_line(rng, line, galley, setting.letters, round(width * share))
    return sheet


@lru_cache(maxsize=1024)
def typeface(face: str, size: int) -> ImageFont.FreeTypeFont:
    """Return one of `FACES` at a size in pixels."""
    path = Path(mpl.get_data_path()) / "fonts" / "ttf" / f"{face}.ttf"
    return ImageFont.truetype(str(path), size, layout_engine=ImageFont.Layout.BASIC)


def line_mask(text: str, face: str, size: int) -> Mask:
    """Return a line of text, uint8 [H, W], 255 where the letters are; no empty rows."""
    font = typeface(face, size)
    left, top, right, bottom = (int(side) for side in font.getbbox(text))
    sheet = Image.new("L", (max(1, right - left), max(1, bottom - top)))
    ImageDraw.Draw(sheet).text((-left, -top), text, 255, font)
    return np.array(sheet, np.uint8)


def fitted_line(text: str, face: str, width: int, height: int) -> Mask:
    """Return a line of text as large as a rectangle allows, uint8 [at most H, at most W]."""
    mask = line_mask(text, face, min(_LARGEST_DRAWN, max(6, height)))
    factor = min(width / mask.shape[1], height / mask.shape[0])
    size_wh = (max(1, int(mask.shape[1] * factor)), max(1, int(mask.shape[0] * factor)))
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(mask, size_wh, interpolation=method), np.uint8)


@lru_cache(maxsize=64)
def glyph_atlas(face: str, size: int, letters: str) -> NDArray[np.uint8]:
    """Return letters of a typeface of fixed width, uint8 [letters, H, W], 255 where they are."""
    font = typeface(face, size)
    cell_wh = (max(2, round(font.getlength("0"))), max(3, round(size * 1.2)))
    glyphs = []
    for letter in letters:
        sheet = Image.new("L", cell_wh)
        ImageDraw.Draw(sheet).text((0, 0), letter, 255, font)
        glyphs.append(np.array(sheet, np.uint8))
    atlas = np.stack(glyphs)
    atlas.setflags(write=False)
    return atlas


@dataclass(frozen=True, slots=True)
class _Galley:
    """Lines of text set in advance.

    Attributes:
        lines: uint8 [kinds of letters * `_LINES_PER_LETTERS`, H, W].
        word_starts: Where the words of each line begin, in pixels.
    """

    lines: NDArray[np.uint8]
    word_starts: tuple[tuple[int, ...], ...]

    @property
    def height(self) -> int:
        """Of a line, in pixels."""
        return int(self.lines.shape[1])


@lru_cache(maxsize=len(FACES) * len(_GALLEY_SIZES))
def _galley(face: str, size: int) -> _Galley:
    """Return the galley of a typeface and size; always the same."""
    rng = np.random.default_rng((FACES.index(face), size))
    lines, word_starts = [], []
    for letters in Letters:
        for _ in range(_LINES_PER_LETTERS):
            line, starts = _galley_line(_text(rng, letters, size), typeface(face, size), size)
            lines.append(line)
            word_starts.append(starts)
    whole = np.stack(lines)
    whole.setflags(write=False)
    return _Galley(whole, tuple(word_starts))


def _galley_width(size: int) -> int:
    """Return how wide a galley of a size is, in pixels: some sixty to two hundred letters."""
    return 360 + 24 * size


def _text(rng: np.random.Generator, letters: Letters, size: int) -> str:
    """Return text that is at least as long as a galley is wide."""
    count = _galley_width(size) * 9 // (size * 4)
    if letters is Letters.DIGITS:
        groups = rng.integers(0, 10 ** rng.integers(1, 8, count // 4))
        return " ".join(str(group) for group in groups)
    text = sentence(rng, count)
    return text.upper() if letters is Letters.CAPITALS else text


def _galley_line(
    text: str, font: ImageFont.FreeTypeFont, size: int
) -> tuple[Mask, tuple[int, ...]]:
    """Return a line of text and where its words begin."""
    width = _galley_width(size)
    sheet = Image.new("L", (width, round(size * _LINE_HEIGHT)))
    ImageDraw.Draw(sheet).text((0, 0), text, 255, font)
    lengths = [font.getlength(word + " ") for word in text.split()]
    starts = np.cumsum([0.0, *lengths])
    return np.array(sheet, np.uint8), tuple(int(x) for x in starts if x < width)


def _set_line(
    rng: np.random.Generator, line: Mask, galley: _Galley, letters: Letters, width: int
) -> None:
    """Fill a line up to a width with words cut from a galley."""
    x = 0
    while x < width:
        row = int(letters) * _LINES_PER_LETTERS + int(rng.integers(_LINES_PER_LETTERS))
        starts = galley.word_starts[row]
        start = starts[int(rng.integers(len(starts) - 1))]
        end = max(edge for edge in starts if edge <= start + width - x)
        if end <= start:
            return
        line[:, x : x + end - start] = galley.lines[row, : line.shape[0], start:end]
        x += end - start
