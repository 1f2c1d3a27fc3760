"""What the samples stand on and in front of: chosen, where training pictures draw theirs."""

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.codes.painting.canvas import Colour, Picture
from pipeline.codes.painting.colours import coloured
from pipeline.codes.painting.noise import fractal, levels


def cardboard(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint brown cardboard: fibres, and faint waves of what is inside."""
    fibres = fractal(rng, width, height, coarse=4, fine=1, stretch=6, gain=0.8)
    clouds = fractal(rng, width, height, coarse=260, fine=16, gain=0.5)
    waves = np.sin(np.arange(height, dtype=np.float32) * np.float32(2 * np.pi / 17))[:, None]
    field = fibres * np.float32(0.45) + clouds * np.float32(0.5) + waves * np.float32(0.18)
    return coloured(levels(field, spread=24), ((136, 98, 62), (190, 146, 100), (222, 184, 140)))


def walnut(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint a table of wooden boards, running along x."""
    board = height // 4 + 1
    rows = np.arange(height, dtype=np.float32)[:, None]
    number = (np.arange(height) // board)[:, None]
    offsets = rng.uniform(-0.7, 0.7, 5).astype(np.float32)
    warp = fractal(rng, width, height, coarse=150, fine=12, gain=0.5, stretch=6)
    warp = np.roll(warp, 331, axis=1) * (number % 2) + warp * (1 - number % 2)
    rings = np.sin(rows * np.float32(2 * np.pi / 30) + warp * np.float32(3.2))
    grain = fractal(rng, width, height, coarse=3, fine=1, stretch=26, gain=0.8)
    field = rings * np.float32(0.5) + grain * np.float32(0.5) + offsets[number] + warp * 0.2
    wood = coloured(levels(field, spread=30), ((58, 34, 20), (112, 72, 44), (160, 112, 74)))
    gaps = 1 - 0.6 * np.exp(-(((rows % board) - 1.5) ** 2) / 2)
    return _bytes(wood * gaps[..., None])


def solder_mask(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint a green circuit board with bundles of traces that end in vias."""
    picture = np.full((height, width, 3), (16, 84, 52), np.uint8)
    for _ in range(46):
        _bundle(rng, picture)
    mottled = fractal(rng, width, height, coarse=200, fine=20, gain=0.5)
    return _bytes(picture * (1 + 0.05 * mottled[..., None]))


def _bundle(rng: np.random.Generator, picture: Picture) -> None:
    height, width = picture.shape[:2]
    pitch, lines = 13, int(rng.integers(2, 8))
    start = np.array([rng.integers(0, width), rng.integers(0, height)]) // pitch * pitch
    run, slope, end = (int(step) * pitch for step in rng.integers(5, 22, 3))
    side = -1 if rng.random() < 0.5 else 1  # noqa: PLR2004 - as often up as down
    for line in range(lines):
        steps = [(0, line * pitch), (run, 0), (slope, side * slope), (end, 0)]
        points = (start + np.cumsum(steps, axis=0)).astype(np.int32)
        cv2.polylines(
            picture,
            [points],
            isClosed=False,
            color=(44, 128, 84),
            thickness=5,
            lineType=cv2.LINE_AA,
        )
        for tip in (points[0], points[-1]):
            centre = (int(tip[0]), int(tip[1]))
            cv2.circle(picture, centre, 6, (198, 178, 112), -1, cv2.LINE_AA)
            cv2.circle(picture, centre, 3, (20, 28, 24), -1, cv2.LINE_AA)


def kitchen(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint a bright room out of focus above a wooden counter."""
    edge = round(0.7 * height)
    wall = np.full((edge, width, 3), (222, 216, 204), np.uint8)
    for left, top, wide, high, colour in _FURNITURE:
        corner = (round(left * width), round(top * edge))
        far = (round((left + wide) * width), round((top + high) * edge))
        cv2.rectangle(wall, corner, far, colour, -1)
    far_away = np.asarray(cv2.GaussianBlur(wall, (0, 0), 15), np.uint8)
    counter = walnut(rng, width, height)[: height - edge]
    light = np.linspace(0.85, 1.35, height - edge, dtype=np.float32)[:, None, None]
    return np.concatenate([far_away, _bytes(counter * light + 18)])


_FURNITURE: tuple[tuple[float, float, float, float, Colour], ...] = (
    (0.0, 0.0, 0.25, 0.42, (176, 190, 186)),
    (0.26, 0.0, 0.24, 0.42, (170, 184, 180)),
    (0.6, 0.05, 0.34, 0.62, (244, 247, 250)),
    (0.765, 0.05, 0.01, 0.62, (190, 186, 178)),
    (0.02, 0.62, 0.1, 0.38, (150, 98, 70)),
    (0.4, 0.66, 0.06, 0.34, (96, 122, 88)),
    (0.47, 0.72, 0.08, 0.28, (206, 160, 84)),
    (0.0, 0.96, 1.0, 0.04, (160, 140, 120)),
)
"""Cupboards, a window and jars: left, top, width and height as shares, and the colour."""


def evenly_lit(picture: Picture, from_xy: tuple[float, float], fall: float) -> Picture:
    """Let light fall off with the distance from where it comes from.

    Args:
        picture: uint8 RGB [height, width, 3].
        from_xy: Where the light is, as shares of width and height.
        fall: How much is lost at a distance of the picture's width, 0..1.
    """
    height, width = picture.shape[:2]
    rows, columns = np.mgrid[:height, :width].astype(np.float32) / width
    away = np.hypot(columns - from_xy[0], rows - from_xy[1] * height / width)
    return _bytes(picture * (1.12 - fall * away)[..., None])


def _bytes(values: NDArray[np.floating]) -> Picture:
    return np.asarray(np.clip(values, 0, 255), np.uint8)
