"""Rectangles with round corners."""

import cv2

from pipeline.codes.painting.canvas import Colour, Picture


def draw_rounded(
    picture: Picture, box: tuple[int, int, int, int], radius: int, colour: Colour
) -> None:
    """Draw a filled rectangle with round corners.

    Args:
        picture: Is drawn into.
        box: Left, top, right and bottom in pixels, all part of it.
        radius: Of the corners, in pixels; at most half a side is used.
        colour: Of the rectangle.
    """
    left, top, right, bottom = box
    radius = max(0, min(radius, (right - left) // 2, (bottom - top) // 2))
    cv2.rectangle(picture, (left + radius, top), (right - radius, bottom), colour, -1)
    cv2.rectangle(picture, (left, top + radius), (right, bottom - radius), colour, -1)
    for x in (left + radius, right - radius):
        for y in (top + radius, bottom - radius):
            cv2.circle(picture, (x, y), radius, colour, -1, cv2.LINE_AA)
