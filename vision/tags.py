"""The name tags of boxes: what stands on them, how large they are and where they go."""

import math
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import ImageFont

from vision.boxes import area_xyxy, overlap_xyxy
from vision.detections import Detections

_FONT_PX_MIN = 12
# Of the side of a square as large as the picture: 12 px on 640 x 480, 31 px on 1920 x 1080.
_FONT_SHARE = 1 / 46
# A picture less than this many tags high is clearer without them.
_TAGS_PER_HEIGHT_MIN = 4
# A tag may cover this share of a box as if it covered nothing.
_HARMLESS_SHARE = 0.1


class Lettering:
    """The font of one picture's tags, and the measures that follow from it.

    Attributes:
        font: Pillow's own, in a size that suits the picture.
        text_offset_xy: Where text is drawn, seen from the top left corner of its plate.
        plate_height: Pixels.
    """

    def __init__(self, picture_wh: tuple[int, int]) -> None:
        font_px = max(_FONT_PX_MIN, round(math.sqrt(math.prod(picture_wh)) * _FONT_SHARE))
        self.font = ImageFont.load_default(size=font_px)
        _, capital_top, _, capital_bottom = map(round, self.font.getbbox("A"))
        # Capitals stand in the middle; letters like g reach down into the margin.
        margin = round(font_px * 0.3)
        self.text_offset_xy = (margin, margin - capital_top)
        self.plate_height = capital_bottom - capital_top + 2 * margin

    def plate_width(self, text: str) -> int:
        """Return how many pixels wide the plate of a text is."""
        return math.ceil(self.font.getlength(text)) + 2 * self.text_offset_xy[0]

    def fitted(self, label: str, percentage: str, *, width_max: int) -> str | None:
        """Return label and percentage, the label shortened so that their plate fits.

        None where ``width_max`` pixels do not even hold the percentage.
        """
        # No letter is narrower than a pixel.
        label = _drawable(label)[:width_max]
        whole = f"{label} {percentage}".lstrip()
        if self.plate_width(whole) <= width_max:
            return whole
        shorter = [f"{label[:kept].rstrip()}… {percentage}" for kept in range(1, len(label))]
        texts = [percentage, *shorter]
        fitting = bisect_right(texts, width_max, key=self.plate_width)
        return texts[fitting - 1] if fitting else None


@dataclass(frozen=True, slots=True)
class Tag:
    """A text, and the pixels (x_min, y_min, x_max, y_max) of the plate that it stands on."""

    text: str
    plate_xyxy: tuple[int, int, int, int]
    class_id: int


def place_tags(
    detections: Detections,
    boxes_xyxy: NDArray[np.int64],
    lettering: Lettering,
    picture_wh: tuple[int, int],
) -> list[Tag]:
    """Find a place for the name tag of each box: inside the picture, and on no other tag.

    Args:
        detections: What was found; the first ones choose their places first.
        boxes_xyxy: Where in the picture they are, shape [N, 4], whole pixels.
        lettering: The font for this picture.
        picture_wh: Width and height of the picture in pixels.

    Returns:
        The tags that there is room for, in the order of the detections.
    """
    tags: list[Tag] = []
    if lettering.plate_height * _TAGS_PER_HEIGHT_MIN > picture_wh[1]:
        return tags
    for detection, box_xyxy in zip(detections, boxes_xyxy, strict=True):
        percentage = f"{detection.score:.0%}"
        text = lettering.fitted(detection.label, percentage, width_max=picture_wh[0])
        if text is None:
            continue
        plate_wh = lettering.plate_width(text), lettering.plate_height
        plates_xyxy = _without(_plates(box_xyxy, plate_wh, picture_wh), tags)
        if len(plates_xyxy):
            plate_xyxy = tuple(plates_xyxy[_least_hiding(plates_xyxy, boxes_xyxy)].tolist())
            tags.append(Tag(text, plate_xyxy, detection.class_id))
    return tags


def _plates(
    box_xyxy: NDArray[np.int64], plate_wh: tuple[int, int], picture_wh: tuple[int, int]
) -> NDArray[np.int64]:
    """Return the places for a tag, the best first: above its box, in it, below it; [8, 4]."""
    x_min, y_min, x_max, y_max = box_xyxy.tolist()
    width, height = plate_wh
    starts = [
        (x, y)
        for y in (y_min - height, y_min, y_max, y_max - height)
        for x in (x_min, x_max - width)
    ]
    starts_xy = np.clip(starts, 0, np.subtract(picture_wh, plate_wh))
    return np.hstack([starts_xy, starts_xy + plate_wh])


def _without(plates_xyxy: NDArray[np.int64], tags: list[Tag]) -> NDArray[np.int64]:
    """Return those of the plates that lie on none of the tags."""
    if not tags:
        return plates_xyxy
    taken = overlap_xyxy(plates_xyxy, [tag.plate_xyxy for tag in tags]).any(axis=1)
    return plates_xyxy[~taken]


def _least_hiding(plates_xyxy: NDArray[np.int64], boxes_xyxy: NDArray[np.int64]) -> int:
    """Return the index of the first of the plates that hide the least of the boxes."""
    shares = overlap_xyxy(plates_xyxy, boxes_xyxy) / area_xyxy(boxes_xyxy)
    return int(np.argmin(np.where(shares > _HARMLESS_SHARE, shares, 0).sum(axis=1)))


def _drawable(label: str) -> str:
    """Return the label in ASCII, which is what Pillow's own font has letters for."""
    ascii_text = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode()
    return " ".join("".join(c if c.isprintable() else " " for c in ascii_text).split())
