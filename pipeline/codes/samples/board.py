"""Parts with marks on a circuit board."""

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.codes.painting.canvas import Colour, Picture, filled
from pipeline.codes.painting.colours import coloured
from pipeline.codes.painting.noise import fractal, levels
from pipeline.codes.samples.design import Design, Type
from pipeline.codes.samples.still_life import Place, Shadow, StillLife
from pipeline.codes.samples.surfaces import evenly_lit, solder_mask
from pipeline.codes.scenes.patch import Patch
from pipeline.codes.symbols.symbologies import write_modules

_LASER: Colour = (186, 188, 186)
_MONO = "DejaVuSansMono-Bold"


def board(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Lay chips, a label and a steel plate on a board."""
    scene = StillLife(evenly_lit(solder_mask(rng, width, height), (0.3, 0.1), 0.4))
    for text, place in (
        ("NL7741A", Place((330, 330), 330, 0, (0.05, 0))),
        ("MX2048", Place((205, 745), 190, 90)),
        ("QF1280", Place((640, 760), 210, 0)),
    ):
        scene.lay(_pins(), Place(place.centre, place.width * 1.2, place.roll, place.tilt))
        scene.lay(_chip(text).patch(12), place, Shadow((5, 7), 5, 0.5))
    scene.lay(_label().patch(10), Place((690, 180), 250, -2), Shadow((3, 4), 4, 0.4))
    scene.lay(
        _plate(rng).patch(26), Place((1010, 560), 430, 4, (0, -0.06)), Shadow((9, 12), 9, 0.55)
    )
    return scene.photographed(rng)


def _pins() -> Patch:
    """Draw the rows of pins round a chip."""
    size = 720
    rgb = filled(size, size, (0, 0, 0))
    alpha = np.zeros((size, size), np.uint8)
    for step in range(80, size - 80, 44):
        for mask, colour in ((alpha, 255), (rgb, (200, 202, 198))):
            cv2.rectangle(mask, (step, 8), (step + 20, size - 9), colour, -1)
            cv2.rectangle(mask, (8, step), (size - 9, step + 20), colour, -1)
    return Patch(rgb, alpha)


def _chip(text: str) -> Design:
    body = Design(600, 600, (34, 35, 38))
    body.block((8, 8), (584, 584), (42, 43, 47), 10)
    cv2.circle(body.image, (64, 64), 20, (24, 24, 26), -1, cv2.LINE_AA)
    code = write_modules(f"{text}-2546-0042", "DataMatrix", forceSquare=True)
    body.code((300 - 6 * len(code), 110), code, (12, 12), _LASER)
    body.text((300, 400), f"{text}\n2546 E4", Type(62, _MONO, _LASER), 0.5)
    return body


def _label() -> Design:
    sheet = Design(640, 300)
    code = write_modules("https://board.example/s/0042", "DataMatrix", forceSquare=True)
    sheet.code((36, 36), code, (228 // len(code), 228 // len(code)))
    sheet.text((300, 40), "MAIN BOARD", Type(40, "DejaVuSans-Bold"))
    sheet.text((300, 120), "Rev C\nSN 000042", Type(44))
    return sheet


def _plate(rng: np.random.Generator) -> Design:
    """Draw brushed steel with screws, and marks pricked or etched into it."""
    plate = Design(900, 1100)
    grain = fractal(rng, 900, 1100, coarse=6, fine=1, stretch=60, gain=0.8)
    slope = np.linspace(-1.2, 1.0, 1100, dtype=np.float32)[:, None]
    values = levels(grain * np.float32(0.5) + slope, spread=26, middle=130)
    plate.image = coloured(values, ((96, 100, 106), (172, 176, 180), (228, 230, 232)))
    for x in (70, 830):
        for y in (70, 1030):
            cv2.circle(plate.image, (x, y), 34, (118, 120, 124), -1, cv2.LINE_AA)
            cv2.circle(plate.image, (x, y), 34, (60, 62, 66), 4, cv2.LINE_AA)
            plate.rule((x - 22, y - 14), (x + 22, y + 14), 8, (50, 52, 56))
    plate.text((450, 70), "LANTERN MOTORS", Type(56, "DejaVuSans-Bold", (40, 42, 46)), 0.5)
    _prick(
        plate, write_modules("LM 2546 SN 774100042", "DataMatrix", forceSquare=True), (230, 190), 22
    )
    plate.text(
        (450, 680), "TYPE  GX-40\nSN  774100042\n24 V   3.2 A", Type(58, _MONO, (40, 42, 46)), 0.5
    )
    code = write_modules("https://motors.example/gx40", "QRCode")
    plate.code((450 - 3 * len(code), 922 - 0), code, (6, 6), (34, 36, 40))
    return plate


def _prick(plate: Design, modules: NDArray[np.bool_], xy: tuple[int, int], pitch: int) -> None:
    """Mark a dot for each dark module, as a needle leaves it: dark, with a bright rim."""
    for row, column in np.argwhere(modules):
        centre = (xy[0] + int(column) * pitch + pitch // 2, xy[1] + int(row) * pitch + pitch // 2)
        cv2.circle(
            plate.image,
            (centre[0] + 2, centre[1] + 2),
            pitch * 2 // 5,
            (236, 238, 240),
            -1,
            cv2.LINE_AA,
        )
        cv2.circle(plate.image, centre, pitch * 2 // 5, (46, 48, 52), -1, cv2.LINE_AA)
