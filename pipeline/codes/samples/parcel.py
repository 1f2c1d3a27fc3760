"""A parcel's label on cardboard."""

import cv2
import numpy as np

from pipeline.codes.painting.canvas import Picture
from pipeline.codes.samples.design import Design, Type, bars
from pipeline.codes.samples.still_life import Place, Shadow, StillLife
from pipeline.codes.samples.surfaces import cardboard, evenly_lit
from pipeline.codes.scenes.patch import Patch
from pipeline.codes.symbols.symbologies import write_modules

_BOLD = "DejaVuSans-Bold"
_GREY = (90, 90, 90)


def parcel(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Lay a label and a small sticker on a box that is closed with tape."""
    scene = StillLife(evenly_lit(cardboard(rng, width, height), (0.2, 0.1), 0.35))
    _close(scene)
    scene.lay(
        _label().patch(14), Place((500, 520), 690, -3.5, (0.12, -0.08)), Shadow((5, 7), 6, 0.4)
    )
    scene.lay(_sticker().patch(30), Place((1065, 330), 260, 7), Shadow((4, 5), 5, 0.4))
    scene.lay(_this_way_up().patch(4), Place((1070, 690), 230, 2), Shadow((3, 4), 5, 0.35))
    return scene.photographed(rng)


def _close(scene: StillLife) -> None:
    """Draw the slit between two flaps, and clear tape over it."""
    height, width = scene.picture.shape[:2]
    slit = np.zeros((height, width), np.float32)
    cv2.line(slit, (0, 96), (width, 74), 1.0, 5, cv2.LINE_AA)
    soft = np.asarray(cv2.GaussianBlur(slit, (0, 0), 2.2), np.float32)
    scene.picture *= 1 - 0.8 * soft[..., None]
    tape = Patch.opaque(np.full((150, 1500, 3), (196, 158, 104), np.uint8))
    scene.shine(tape, Place((640, 85), 1400, -1.0), 0.16)
    gloss = Patch.opaque(np.full((26, 1500, 3), 255, np.uint8))
    scene.shine(gloss, Place((640, 40), 1400, -1.0), 0.18)


def _label() -> Design:
    sheet = Design(1400, 1560)
    sheet.block((0, 0), (1400, 170), (20, 24, 30))
    sheet.text((60, 42), "NORTHLINE PARCEL", Type(74, _BOLD, (255, 255, 255)))
    sheet.text((1340, 58), "2.4 kg", Type(50, colour=(255, 255, 255)), 1.0)
    sheet.text(
        (60, 210), "From\nLantern Workshop\n7 Harbour Lane\nRiverside", Type(36, colour=_GREY)
    )
    sheet.text((60, 450), "To", Type(36, colour=_GREY))
    sheet.text(
        (60, 505), "Garden & Stone Ltd\n128 Meadow Street\n40217 Stonebridge", Type(54, _BOLD)
    )
    sheet.rule((0, 760), (1400, 760), 6)
    sheet.rule((880, 170), (880, 760), 6)
    sheet.code((965, 240), write_modules("https://track.example/NP4021700128", "QRCode"), (14, 14))
    sheet.text((1140, 690), "scan to follow", Type(36, colour=_GREY), 0.5)
    sheet.text((60, 790), "B204-7", Type(120, _BOLD))
    sheet.text((1340, 800), "EXPRESS\nDAY 1 OF 1", Type(48, _BOLD), 1.0)
    sheet.rule((0, 960), (1400, 960), 6)
    code = bars(write_modules("NP40217001285", "Code128"))
    size = sheet.code(((1400 - 6 * code.shape[1]) // 2, 1000), code, (6, 230))
    sheet.text((700, 1010 + size[1]), "NP 4021 7001 285", Type(46, "DejaVuSansMono-Bold"), 0.5)
    sheet.rule((0, 1320), (1400, 1320), 6)
    stacked = write_modules("NP40217001285 GARDEN STONE 2.4KG EXPRESS", "PDF417", columns=6)
    sheet.code((60, 1348), stacked, (5, 6))
    sheet.text((1340, 1370), "sorted at\nGATE 5", Type(46, _BOLD), 1.0)
    return sheet


def _sticker() -> Design:
    sheet = Design(560, 420, (250, 214, 60))
    sheet.code(
        (50, 60), write_modules("LOT 7741 BOX 3/8", "DataMatrix", forceSquare=True), (14, 14)
    )
    sheet.text((330, 64), "LOT\n7741", Type(58, _BOLD))
    sheet.text((330, 240), "box 3/8", Type(40))
    sheet.text((50, 330), "KEEP DRY", Type(52, _BOLD))
    return sheet


def _this_way_up() -> Design:
    sheet = Design(460, 340)
    for left in (90, 250):
        arrow = np.array(
            [[60, 40], [120, 120], [85, 120], [85, 230], [35, 230], [35, 120], [0, 120]]
        )
        points = (arrow + np.array([left, 10])).astype(np.int32)
        cv2.fillPoly(sheet.image, [points], (200, 30, 30), cv2.LINE_AA)
    sheet.block((60, 265), (340, 22), (200, 30, 30))
    return sheet
