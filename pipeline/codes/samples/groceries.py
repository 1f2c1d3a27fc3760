"""Groceries on a kitchen counter, their barcodes to the front."""

import cv2
import numpy as np

from pipeline.codes.painting.canvas import WHITE, Colour, Picture
from pipeline.codes.samples.design import Design, Type, bars
from pipeline.codes.samples.still_life import Place, Shadow, StillLife
from pipeline.codes.samples.surfaces import kitchen
from pipeline.codes.scenes.patch import Patch
from pipeline.codes.symbols.linear_payloads import check_digit
from pipeline.codes.symbols.symbologies import write_modules

_BOLD = "DejaVuSans-Bold"
_INK: Colour = (36, 32, 30)
_FACTS = ("Energy", "Fat", "Carbohydrate", "Protein", "Salt")


def groceries(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Stand a carton, a can and a packet on a counter, before a room out of focus."""
    scene = StillLife(kitchen(rng, width, height))
    ground = Shadow((26, 10), 20, 0.5)
    scene.lay(_carton().patch(6), Place((285, 470), 330, -1.0, (0, 0.12)), ground)
    scene.lay(_packet().patch(10), Place((1010, 505), 400, 1.2, (0, -0.1)), ground)
    _stand_can(scene, Place((625, 640), 520, bend=(3.0, 0.2)), ground)
    return scene.photographed(rng)


def _stand_can(scene: StillLife, place: Place, shadow: Shadow) -> None:
    """Put down a can, seen from above so that its lid shows."""
    can = _can().patch()
    scene.lay(can, place, shadow)
    width = can.size_wh[0]
    rim = place.pose(can.size_wh).project(np.array([[0, 0], [width, 0]], np.float32))
    lid = Place((place.centre[0], float(rim[:, 1].mean())), float(rim[1, 0] - rim[0, 0]))
    scene.lay(_lid(), lid)


def _lid() -> Patch:
    """Draw a lid with its ribs, as flat as it looks from the side."""
    lid = Design(700, 140, (206, 208, 210))
    for shrink, colour in ((14, (150, 152, 156)), (40, (196, 198, 200)), (120, (178, 180, 184))):
        axes = (350 - shrink, 70 - shrink * 70 // 350 - 3)
        cv2.ellipse(lid.image, (350, 70), axes, 0, 0, 360, colour, -1, cv2.LINE_AA)
    alpha = np.zeros((140, 700), np.uint8)
    cv2.ellipse(alpha, (350, 70), (349, 69), 0, 0, 360, 255, -1, cv2.LINE_AA)
    return Patch(lid.image, alpha)


def _article(sheet: Design, xy: tuple[int, int], digits: str, module_px: int) -> None:
    """Print an article number in a white field, with its digits between the guard bars."""
    modules = write_modules(digits, "EAN13")
    digits = f"{digits}{check_digit(digits)}"
    body = bars(modules)
    left, top = xy
    width, high = body.shape[1] * module_px, 62 * module_px
    sheet.block(
        (left - 11 * module_px, top - 5 * module_px),
        (width + 20 * module_px, high + 18 * module_px),
        WHITE,
    )
    sheet.code(xy, modules[-1:], (module_px, high + 5 * module_px))
    sheet.block((left + 3 * module_px, top + high), (42 * module_px, 6 * module_px), WHITE)
    sheet.block((left + 50 * module_px, top + high), (42 * module_px, 6 * module_px), WHITE)
    sheet.code(xy, body, (module_px, high))
    style = Type(10 * module_px, "DejaVuSansMono")
    sheet.text((left - 9 * module_px, top + high), digits[0], style)
    sheet.text((left + 24 * module_px, top + high), digits[1:7], style, 0.5)
    sheet.text((left + 71 * module_px, top + high), digits[7:], style, 0.5)


def _facts(sheet: Design, xy: tuple[int, int], width: int, values: str) -> None:
    """Print the table of nutrition facts; the values stand in the order of `_FACTS`."""
    x, y = xy
    sheet.text((x, y), "Nutrition per 100 g", Type(34, _BOLD, _INK))
    for number, (name, value) in enumerate(zip(_FACTS, values.split("|"), strict=True)):
        top = y + 62 + 50 * number
        sheet.rule((x, top - 6), (x + width, top - 6), 2, _INK)
        sheet.text((x, top), name, Type(32, colour=_INK))
        sheet.text((x + width, top), value, Type(32, colour=_INK), 1.0)


def _carton() -> Design:
    sheet = Design(800, 1780, (236, 244, 250))
    sheet.block((0, 0), (800, 250), (214, 226, 236))
    sheet.rule((0, 250), (800, 250), 4, (170, 186, 200))
    sheet.block((0, 250), (800, 420), (38, 108, 176))
    sheet.text((400, 310), "Meadow", Type(150, _BOLD, WHITE), 0.5)
    sheet.text((400, 510), "whole milk  1 litre", Type(60, colour=WHITE), 0.5)
    for x, y, size in ((170, 760, 90), (620, 730, 130), (420, 800, 60)):
        cv2.ellipse(
            sheet.image, (x, y), (size, size // 2), 0, 0, 360, (120, 176, 96), -1, cv2.LINE_AA
        )
    sheet.block((0, 800), (800, 90), (120, 176, 96))
    _facts(sheet, (80, 940), 640, "268 kJ|3.5 g|4.8 g|3.4 g|0.13 g")
    _article(sheet, (170, 1350), "590123412345", 5)
    return sheet


def _can() -> Design:
    sheet = Design(1300, 1050, (178, 34, 38))
    for top, colour in (
        (0, (206, 208, 210)),
        (30, (150, 152, 156)),
        (1000, (150, 152, 156)),
        (1020, (206, 208, 210)),
    ):
        sheet.block((0, top), (1300, 30), colour)
    sheet.block((0, 130), (1300, 16), (244, 214, 150))
    sheet.block((0, 900), (1300, 16), (244, 214, 150))
    sheet.text((650, 190), "Garden", Type(120, "DejaVuSerif-Bold", WHITE), 0.5)
    sheet.text((650, 350), "tomatoes", Type(86, "DejaVuSerif-Italic", WHITE), 0.5)
    _article(sheet, (560, 520), "402170012846", 4)
    sheet.text((250, 540), "best before\n14.11.2027\nL 7741", Type(40, colour=WHITE))
    sheet.image[:] = _rounded_light(sheet.image)
    return sheet


def _rounded_light(image: Picture) -> Picture:
    """Let a can shine where it faces the window, and darken to its sides."""
    turn = np.linspace(-1.5, 1.5, image.shape[1], dtype=np.float32)
    light = 0.3 + 0.7 * np.cos(turn) + 0.35 * np.exp(-(((turn + 0.55) / 0.13) ** 2))
    return np.asarray(np.clip(image * light[None, :, None], 0, 255), np.uint8)


def _packet() -> Design:
    sheet = Design(1000, 1560, (246, 190, 52))
    sheet.block((0, 0), (1000, 360), (96, 54, 30))
    sheet.text((500, 70), "River Oats", Type(120, "DejaVuSerif-Bold", (250, 226, 170)), 0.5)
    sheet.text((500, 240), "rolled, wholegrain  500 g", Type(52, colour=(250, 226, 170)), 0.5)
    _facts(sheet, (90, 430), 820, "1556 kJ|7.0 g|58.7 g|13.5 g|0.02 g")
    sheet.text(
        (90, 790),
        "Pour 50 g into 250 ml of water or milk,\n"
        "bring to the boil and stir for two minutes.\nKeep dry and cool.",
        Type(34, colour=_INK),
    )
    sheet.block((640, 1000), (280, 330), WHITE, 12)
    code = write_modules("https://oats.example/recipes", "QRCode")
    sheet.code((780 - 5 * len(code), 1025), code, (10, 10))
    sheet.text((780, 1285), "recipes", Type(32, _BOLD), 0.5)
    _article(sheet, (120, 1090), "704123450012", 4)
    sheet.block((0, 1460), (1000, 100), (96, 54, 30))
    return sheet
