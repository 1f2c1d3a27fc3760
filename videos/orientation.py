"""Turning a picture as the matrix beside it says."""

import struct

import numpy as np

from videos.frame import PixelsHwc

_MATRIX = struct.Struct("=9i")


def upright(pixels: PixelsHwc, matrix: bytes | None) -> PixelsHwc:
    """Turn and mirror a picture by quarter turns.

    Args:
        pixels: As stored, uint8 [H, W, 3].
        matrix: FFmpeg's display matrix, nine fixed-point numbers (a b u c d v x y w): a stored
            point (x, y) is shown at (ax + cy, bx + dy). None is upright.

    Returns:
        A contiguous array, uint8 [H, W, 3] or [W, H, 3].
    """
    if matrix is None or len(matrix) < _MATRIX.size:
        return pixels
    a, b, _, c, d, *_ = _MATRIX.unpack_from(matrix)
    if abs(b) + abs(c) > abs(a) + abs(d):
        pixels, a, d = pixels.transpose(1, 0, 2), c, b
    if a < 0:
        pixels = pixels[:, ::-1]
    if d < 0:
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)
