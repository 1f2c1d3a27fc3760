"""Detections drawn into a picture."""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from vision.boxes import clip_xyxy
from vision.detections import Detections
from vision.palette import Rgb, class_colour, text_colour
from vision.pixels import ImageHwc, check_image_hwc
from vision.tags import Lettering, Tag, place_tags

# Of the side of a square as large as the picture: 2 px on 640 x 480, 5 px on 1920 x 1080.
_LINE_SHARE = 1 / 280
# A line is no thicker than this share of its box, or a small box would be all line.
_LINE_SHARE_OF_BOX = 1 / 8
# Around a smaller box a halo would leave nothing to see inside.
_SIDE_WITH_HALO_MIN = 12


def draw_detections(
    image_hwc: ImageHwc,
    detections: Detections,
    *,
    size_wh: tuple[int, int] | None = None,
) -> ImageHwc:
    """Return a copy of the picture with boxes, names and percentages drawn into it.

    Lines and text grow with the picture, so that it reads alike at any size; where it is too small
    for text there are boxes alone. What is more certain lies on top.

    Args:
        image_hwc: RGB, uint8, shape [H, W, 3].
        detections: What to draw.
        size_wh: Width and height in pixels of the original that the boxes are in; None where that
            is ``image_hwc`` itself.

    Returns:
        RGB, uint8, shape [H, W, 3].

    Raises:
        ValueError: ``image_hwc`` is no picture.

    Examples:
        >>> grey = np.full((120, 160, 3), 128, dtype=np.uint8)
        >>> dog = Detections(
        ...     xyxy=np.array([[80, 120, 300, 220]], dtype=np.float32),
        ...     class_ids=np.array([18]),
        ...     scores=np.array([0.9], dtype=np.float32),
        ...     labels=("dog",),
        ... )
        >>> drawn = draw_detections(grey, dog, size_wh=(320, 240))
        >>> drawn.shape, bool((drawn[60:110, 40:150] != 128).any()), bool((grey == 128).all())
        ((120, 160, 3), True, True)
    """
    check_image_hwc(image_hwc)
    canvas_hwc = image_hwc.copy()
    picture_wh = (image_hwc.shape[1], image_hwc.shape[0])
    boxes_xyxy = _pixel_boxes(detections, size_wh or picture_wh, picture_wh)
    line_px = max(1, round(math.sqrt(math.prod(picture_wh)) * _LINE_SHARE))
    for class_id, box_xyxy in reversed(list(zip(detections.class_ids, boxes_xyxy, strict=True))):
        _draw_frame(canvas_hwc, box_xyxy, class_colour(int(class_id)), line_px)
    lettering = Lettering(picture_wh)
    tags = place_tags(detections, boxes_xyxy, lettering, picture_wh)
    return _with_tags(canvas_hwc, tags, lettering)


def _pixel_boxes(
    detections: Detections, size_wh: tuple[int, int], picture_wh: tuple[int, int]
) -> NDArray[np.int64]:
    """Return the boxes in whole pixels of the picture, cut to it and at least 1 x 1; [N, 4]."""
    scale = np.tile(np.divide(picture_wh, size_wh), 2)
    corners = np.rint(clip_xyxy(detections.xyxy, size_wh=size_wh) * scale).astype(np.int64)
    starts = np.minimum(corners[:, :2], np.subtract(picture_wh, 1))
    return np.hstack([starts, np.maximum(corners[:, 2:], starts + 1)])


def _draw_frame(
    canvas_hwc: ImageHwc, box_xyxy: NDArray[np.int64], colour: Rgb, line_px: int
) -> None:
    """Draw the outline of a box just inside it, between two darkened lines that set it off."""
    x_min, y_min, x_max, y_max = box_xyxy.tolist()
    side = min(x_max - x_min, y_max - y_min)
    line_px = max(1, min(line_px, int(side * _LINE_SHARE_OF_BOX)))
    halo_px = (line_px + 1) // 2 if side >= _SIDE_WITH_HALO_MIN else 0
    for strip in _ring(box_xyxy, line_px + 2 * halo_px):
        canvas_hwc[strip] //= 2
    inset = np.array([halo_px, halo_px, -halo_px, -halo_px])
    for strip in _ring(box_xyxy + inset, line_px):
        canvas_hwc[strip] = colour


def _ring(box_xyxy: NDArray[np.int64], width: int) -> list[tuple[slice, slice]]:
    """Return rows and columns of the four strips, none on another, along the edges of a box."""
    x_min, y_min, x_max, y_max = box_xyxy.tolist()
    left, top = min(x_min + width, x_max), min(y_min + width, y_max)
    right, bottom = max(x_max - width, left), max(y_max - width, top)
    return [
        (slice(y_min, top), slice(x_min, x_max)),
        (slice(bottom, y_max), slice(x_min, x_max)),
        (slice(top, bottom), slice(x_min, left)),
        (slice(top, bottom), slice(right, x_max)),
    ]


def _with_tags(image_hwc: ImageHwc, tags: list[Tag], lettering: Lettering) -> ImageHwc:
    image = Image.fromarray(image_hwc)
    draw = ImageDraw.Draw(image)
    for tag in tags:
        x_min, y_min, x_max, y_max = tag.plate_xyxy
        colour = class_colour(tag.class_id)
        draw.rectangle((x_min, y_min, x_max - 1, y_max - 1), fill=colour)
        x_offset, y_offset = lettering.text_offset_xy
        text_xy = x_min + x_offset, y_min + y_offset
        draw.text(text_xy, tag.text, fill=text_colour(colour), font=lettering.font)
    return np.asarray(image)
