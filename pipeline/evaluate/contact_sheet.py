"""A sheet of pictures with true and found boxes drawn into them."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import matplotlib as mpl
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from pipeline.evaluate.worst_pictures import ShownBox, WorstPicture
from vision import Resize, VisionError, decode_picture, encode_jpeg

TRUE_COLOUR = (77, 171, 247)
FOUND_COLOUR = (255, 146, 43)
_PAPER, _MAT, _INK, _SOFT = (17, 24, 21), (30, 39, 35), (233, 240, 236), (160, 175, 168)
_COLUMNS = 3
_CELL_WH = (440, 330)
_CAPTION_PX, _LEGEND_PX, _GAP_PX = 48, 44, 16
_ENLARGED_MAX = 4.0  # times; a picture of few pixels would be hard to look at
_TAG_PX = 12
_QUALITY = 88
_Font = ImageFont.FreeTypeFont


def contact_sheet(pictures: Sequence[WorstPicture]) -> bytes:
    """Draw at least one picture, each with what was missed and falsely found.

    True boxes are blue with their label above, found ones orange with label and score below,
    as far as the labels have room.

    Returns:
        A JPEG file.
    """
    columns = min(_COLUMNS, len(pictures))
    rows = -(-len(pictures) // columns)
    step_x, step_y = _CELL_WH[0] + _GAP_PX, _CELL_WH[1] + _CAPTION_PX + _GAP_PX
    size_wh = (columns * step_x + _GAP_PX, rows * step_y + _LEGEND_PX)
    sheet = Image.new("RGB", size_wh, _PAPER)
    _draw_legend(ImageDraw.Draw(sheet))
    for place, picture in enumerate(pictures):
        row, column = divmod(place, columns)
        at_xy = (_GAP_PX + column * step_x, _LEGEND_PX + row * step_y)
        sheet.paste(_cell(picture), at_xy)
    return encode_jpeg(np.asarray(sheet), quality=_QUALITY)


def _cell(picture: WorstPicture) -> Image.Image:
    cell = Image.new("RGB", (_CELL_WH[0], _CELL_WH[1] + _CAPTION_PX), _PAPER)
    cell.paste(_MAT, (0, 0, *_CELL_WH))
    drawn = _drawn(picture)
    cell.paste(drawn, ((_CELL_WH[0] - drawn.width) // 2, (_CELL_WH[1] - drawn.height) // 2))
    draw = ImageDraw.Draw(cell)
    title = _shortened(picture.path.name, _font(14), _CELL_WH[0])
    draw.text((0, _CELL_WH[1] + 7), title, fill=_INK, font=_font(14))
    draw.text((0, _CELL_WH[1] + 27), _verdict(picture), fill=_SOFT, font=_font(13))
    return cell


def _drawn(picture: WorstPicture) -> Image.Image:
    """Return the picture in a size that fits its cell, with all boxes."""
    try:
        decoded = decode_picture(picture.path.read_bytes(), resize=Resize("fit", *_CELL_WH))
    except VisionError:
        # Whoever looked at it, perhaps behind a server, can read more kinds of files.
        return Image.new("RGB", (1, 1), _MAT)
    width, height = decoded.original_size_wh
    scale = min(_CELL_WH[0] / width, _CELL_WH[1] / height, _ENLARGED_MAX)
    size_wh = (max(1, round(width * scale)), max(1, round(height * scale)))
    image = Image.fromarray(decoded.image_hwc).resize(size_wh, Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(image)
    for box in picture.true:
        _draw_box(draw, box, scale, TRUE_COLOUR)
    for box in picture.found:
        _draw_box(draw, box, scale, FOUND_COLOUR)
    _draw_tags(draw, (*picture.true, *picture.found), scale, size_wh)
    return image


def _draw_box(
    draw: ImageDraw.ImageDraw, box: ShownBox, scale: float, colour: tuple[int, int, int]
) -> None:
    x_min, y_min, x_max, y_max = (scale * side for side in box.xyxy)
    x_max, y_max = max(x_max, x_min + 1), max(y_max, y_min + 1)
    draw.rectangle((x_min - 1, y_min - 1, x_max + 1, y_max + 1), outline=(0, 0, 0), width=4)
    draw.rectangle((x_min, y_min, x_max, y_max), outline=colour, width=2)


def _draw_tags(
    draw: ImageDraw.ImageDraw,
    boxes: Sequence[ShownBox],
    scale: float,
    picture_wh: tuple[int, int],
) -> None:
    """Write what boxes are, what is wrong first, and only where no other text is covered."""
    plates: list[tuple[int, int, int, int]] = []
    for box in sorted(boxes, key=lambda box: not box.is_wrong):
        text = _shortened(_text(box), _font(_TAG_PX), picture_wh[0] - 6)
        plate = _plate(box, text, scale, picture_wh)
        if not any(_is_touching(plate, other) for other in plates):
            plates.append(plate)
            colour = TRUE_COLOUR if box.score is None else FOUND_COLOUR
            draw.rectangle(plate, fill=colour)
            draw.text((plate[0] + 3, plate[1] + 1), text, fill=(0, 0, 0), font=_font(_TAG_PX))


def _plate(
    box: ShownBox, text: str, scale: float, picture_wh: tuple[int, int]
) -> tuple[int, int, int, int]:
    """Return where a text stands: above a true box, below a found one, inside the picture."""
    width, height = round(_font(_TAG_PX).getlength(text)) + 6, _TAG_PX + 5
    x_min, y_min, _, y_max = (round(scale * side) for side in box.xyxy)
    left = min(max(x_min, 0), max(picture_wh[0] - width, 0))
    top = y_min - height - 1 if box.score is None else y_max + 2
    top = min(max(top, 0), max(picture_wh[1] - height, 0))
    return left, top, left + width, top + height


def _is_touching(first: tuple[int, int, int, int], second: tuple[int, int, int, int]) -> bool:
    return (
        first[0] <= second[2]
        and second[0] <= first[2]
        and first[1] <= second[3]
        and second[1] <= first[3]
    )


def _text(box: ShownBox) -> str:
    if box.score is None:
        return f"missed: {box.label}" if box.is_wrong else box.label
    score = f"{box.label} {box.score:.0%}"
    return f"false: {score}" if box.is_wrong else score


def _verdict(picture: WorstPicture) -> str:
    plural = "" if picture.false_alarms == 1 else "s"
    return f"{picture.missed} missed · {picture.false_alarms} false alarm{plural}"


def _draw_legend(draw: ImageDraw.ImageDraw) -> None:
    left, font = _GAP_PX, _font(14)
    for colour, text in ((TRUE_COLOUR, "true box"), (FOUND_COLOUR, "found box")):
        draw.rectangle((left, 15, left + 16, 28), outline=colour, width=3)
        draw.text((left + 24, 12), text, fill=_INK, font=font)
        left += 24 + round(font.getlength(text)) + 28


def _shortened(text: str, font: _Font, width_max: float) -> str:
    line = " ".join(text.split())
    if font.getlength(line) <= width_max:
        return line
    while line and font.getlength(f"{line}…") > width_max:
        line = line[:-1]
    return f"{line}…"


@cache
def _font(size_px: int) -> _Font:
    """Return the font that comes with matplotlib, which knows more scripts than Pillow's own."""
    path = Path(mpl.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")
    return ImageFont.truetype(str(path), size_px)
