"""Random fields: the clouds, grain and fibres that surfaces are made of."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.codes.painting.canvas import Field, Mask, bytes_of


def fractal(  # noqa: PLR0913  noise has two ends, a slope between them and a direction
    rng: np.random.Generator,
    width: int,
    height: int,
    *,
    coarse: float,
    fine: float = 1.0,
    gain: float = 0.6,
    stretch: float = 1.0,
) -> NDArray[np.float32]:
    """Return noise of several scales, float32 [H, W] of mean 0 and standard deviation about 1.

    Args:
        rng: Randomness.
        width: In pixels.
        height: In pixels.
        coarse: Size of the largest lumps in pixels.
        fine: Size of the smallest lumps in pixels.
        gain: How strong each octave is beside the one of twice its size, 0..1.
        stretch: How much longer the lumps are along x than along y.
    """
    octaves = max(1, round(math.log2(max(coarse, fine) / fine)) + 1)
    field = np.zeros((2, 2), np.float32)
    for octave in range(octaves):
        cell = fine * 2.0 ** (octaves - 1 - octave)
        columns = max(2, math.ceil(width / (cell * stretch)) + 1)
        rows = max(2, math.ceil(height / cell) + 1)
        layer = white(rng, columns, rows) * np.float32(gain**octave)
        field = resized(field, columns, rows) + layer
    energy = sum(gain ** (2 * octave) for octave in range(octaves))
    return resized(field, width, height) * np.float32(1 / math.sqrt(energy))


def white(rng: np.random.Generator, width: int, height: int) -> NDArray[np.float32]:
    """Return noise without any scale, float32 [H, W] of mean 0 and standard deviation 1."""
    grain = rng.integers(0, 256, (height, width), np.uint8).astype(np.float32)
    return (grain - np.float32(127.5)) * np.float32(1 / 73.9)


def resized(field: NDArray[np.float32], width: int, height: int) -> NDArray[np.float32]:
    """Return a field stretched smoothly to another size."""
    if field.shape == (height, width):
        return field
    return np.asarray(cv2.resize(field, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)


def levels(field: Field, spread: float = 50.0, middle: float = 128.0) -> Mask:
    """Return a field as grey values: 0 becomes the middle, 1 lies one spread above."""
    return bytes_of(field * np.float32(spread) + np.float32(middle))


def creases(
    rng: np.random.Generator, width: int, height: int, coarse: float
) -> NDArray[np.float32]:
    """Return heights with sharp ridges, as of crumpled paper, float32 [H, W]."""
    heights = np.zeros((height, width), np.float32)
    for octave in range(3):
        lumps = fractal(rng, width, height, coarse=coarse / 2**octave, fine=coarse / 2**octave / 2)
        heights += np.abs(lumps) * np.float32(coarse * 0.5**octave)
    return heights


def sloped(heights: Field, angle: float) -> NDArray[np.float32]:
    """Return how steeply heights rise along a direction, float32 [H, W], per pixel."""
    field = np.asarray(heights, np.float32)
    along_x = cv2.Sobel(field, cv2.CV_32F, 1, 0, ksize=3, scale=math.cos(angle) / 8)
    along_y = cv2.Sobel(field, cv2.CV_32F, 0, 1, ksize=3, scale=math.sin(angle) / 8)
    return np.asarray(cv2.add(along_x, along_y), np.float32)
