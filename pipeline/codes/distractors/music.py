"""Sheet music."""

import cv2
import numpy as np

from pipeline.codes.painting.canvas import Mask, Picture
from pipeline.codes.painting.draws import between, chance, count_between, size_between
from pipeline.codes.painting.ink import inked


def paint_music(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint staves of five lines with notes, beams and bar lines."""
    mask = np.zeros((height, width), np.uint8)
    gap = size_between(rng, 4, 18)
    for top in np.arange(gap * 2, height, gap * between(rng, 8, 13)):
        for line in range(5):
            y = round(float(top + line * gap))
            cv2.line(mask, (0, y), (width, y), 255, max(1, round(gap * 0.12)))
        _notes(rng, mask, float(top), gap)
    return inked(rng, mask)


def _notes(rng: np.random.Generator, mask: Mask, top: float, gap: float) -> None:
    """Draw notes on one staff, some in groups under a beam."""
    x, width = gap * 2, mask.shape[1]
    while x < width:
        if chance(rng, 0.12):
            cv2.line(mask, (round(x), round(top)), (round(x), round(top + gap * 4)), 255, 2)
        group = count_between(rng, 1, 4)
        step = gap * between(rng, 1.6, 3.0)
        heads = [
            (round(x + note * step), round(top + gap * 0.5 * count_between(rng, -1, 9)))
            for note in range(group)
        ]
        _group(rng, mask, heads, gap)
        x += group * step + gap * between(rng, 0.8, 3.0)


def _group(rng: np.random.Generator, mask: Mask, heads: list[tuple[int, int]], gap: float) -> None:
    """Draw the heads and stems of some notes, and the beam that joins them."""
    axes, thick = (max(1, round(gap * 0.6)), max(1, round(gap * 0.42))), max(1, round(gap * 0.14))
    beam = round(min(y for _, y in heads) - gap * 3)
    inside = -1 if chance(rng, 0.75) else thick
    for x, y in heads:
        cv2.ellipse(mask, (x, y), axes, -20, 0, 360, 255, inside, cv2.LINE_AA)
        cv2.line(mask, (x + axes[0], y), (x + axes[0], beam), 255, thick)
    if len(heads) > 1:
        ends = (heads[0][0] + axes[0], beam), (heads[-1][0] + axes[0], beam)
        cv2.line(mask, *ends, 255, max(2, round(gap * 0.45)))
