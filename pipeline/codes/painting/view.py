"""Turning flat pictures, and laying them down on others."""

import math

import cv2
import numpy as np

from pipeline.codes.painting.canvas import Painter, Picture


def turned(
    rng: np.random.Generator, paint: Painter, size_wh: tuple[int, int], angle: float
) -> Picture:
    """Return what a painter paints, turned by an angle, without empty corners.

    Args:
        rng: Randomness.
        paint: Paints the flat picture, somewhat larger than the result.
        size_wh: Width and height of the result in pixels.
        angle: In radians.
    """
    width, height = size_wh
    cosine, sine = abs(math.cos(angle)), abs(math.sin(angle))
    flat_wh = (
        math.ceil(width * cosine + height * sine) + 2,
        math.ceil(width * sine + height * cosine) + 2,
    )
    flat = paint(rng, *flat_wh)
    matrix = _turning(flat_wh, (width / 2, height / 2), angle)
    moved = cv2.warpAffine(
        flat, matrix, size_wh, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )
    return np.asarray(moved, np.uint8)


def laid_corners(
    size_wh: tuple[int, int], centre_xy: tuple[float, float], angle: float
) -> np.ndarray:
    """Return where a flat thing's corners come to lie, int32 [4, 2] as xy in pixels."""
    width, height = size_wh
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float64)
    matrix = _turning(size_wh, centre_xy, angle)
    return np.asarray(np.rint(corners @ matrix[:, :2].T + matrix[:, 2]), np.int32)


def lay(picture: Picture, patch: Picture, centre_xy: tuple[float, float], angle: float) -> None:
    """Lay a flat patch onto a picture, turned by an angle (radians) about its centre."""
    patch_wh = (patch.shape[1], patch.shape[0])
    corners = laid_corners(patch_wh, centre_xy, angle)
    left, top = np.maximum(corners.min(axis=0), 0).tolist()
    right = min(int(corners[:, 0].max()) + 1, picture.shape[1])
    bottom = min(int(corners[:, 1].max()) + 1, picture.shape[0])
    if left >= right or top >= bottom:
        return
    matrix = _turning(patch_wh, (centre_xy[0] - left, centre_xy[1] - top), angle)
    part = np.ascontiguousarray(picture[top:bottom, left:right])
    picture[top:bottom, left:right] = cv2.warpAffine(
        patch, matrix, (right - left, bottom - top), part, borderMode=cv2.BORDER_TRANSPARENT
    )


def _turning(
    size_wh: tuple[int, int], centre_xy: tuple[float, float], angle: float
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Return the affine matrix [2, 3] that turns about the middle and moves it to a centre."""
    middle_xy = (size_wh[0] / 2, size_wh[1] / 2)
    matrix = np.asarray(cv2.getRotationMatrix2D(middle_xy, math.degrees(angle), 1.0), np.float64)
    matrix[:, 2] += np.subtract(centre_xy, middle_xy)
    return matrix
