"""A ticket on the screen of a telephone."""

import numpy as np

from pipeline.codes.painting.canvas import WHITE, Colour, Picture
from pipeline.codes.samples.design import Design, Type
from pipeline.codes.samples.still_life import Place, Shadow, StillLife
from pipeline.codes.samples.surfaces import evenly_lit, walnut
from pipeline.codes.scenes.patch import Patch
from pipeline.codes.symbols.symbologies import write_modules

_BOLD = "DejaVuSans-Bold"
_GREY: Colour = (120, 124, 132)
_BLUE: Colour = (24, 74, 140)


def ticket(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Lay a telephone with a rail ticket, and a boarding pass, on a table."""
    scene = StillLife(evenly_lit(walnut(rng, width, height), (0.8, 0.0), 0.35))
    scene.lay(
        _boarding_pass().patch(20), Place((905, 470), 620, 76, (0.1, 0)), Shadow((6, 8), 7, 0.45)
    )
    phone = Place((455, 480), 430, -6, (0.08, 0.05))
    scene.lay(_phone().patch(110), phone, Shadow((16, 22), 20, 0.6))
    scene.shine(_reflection(), phone, 0.13)
    return scene.photographed(rng)


def _phone() -> Design:
    body = Design(1000, 2060, (16, 17, 20))
    body.block((6, 6), (988, 2048), (52, 54, 60), 106)
    body.block((14, 14), (972, 2032), (10, 10, 12), 100)
    body.block((40, 44), (920, 1972), (242, 244, 248), 78)
    body.text((110, 84), "9:41", Type(40, _BOLD, (30, 32, 36)))
    body.block((380, 74), (240, 58), (10, 10, 12), 29)
    body.text((500, 190), "Forest Express", Type(62, _BOLD, _BLUE), 0.5)
    body.block((90, 300), (820, 1540), WHITE, 46)
    body.text((140, 350), "FRI 14 NOV", Type(38, colour=_GREY))
    body.text((860, 350), "2nd class", Type(38, colour=_GREY), 1.0)
    body.text((140, 430), "Stonebridge", Type(64, _BOLD))
    body.text((140, 520), "08:12   platform 4", Type(42, colour=_GREY))
    body.block((160, 600), (8, 70), _BLUE, 4)
    body.text((140, 700), "Harbour City", Type(64, _BOLD))
    body.text((140, 790), "11:47   platform 9", Type(42, colour=_GREY))
    body.rule((90, 890), (910, 890), 4, (205, 210, 218))
    code = write_modules("FX|STB-HBC|20251114|0812|C7|S42|" + "TICKET7741" * 4, "Aztec")
    side = 14 * len(code)
    body.code((500 - side // 2, 950), code, (14, 14))
    top = 950 + side + 50
    for x, head, value in ((200, "COACH", "7"), (500, "SEAT", "42"), (800, "GATE", "B")):
        body.text((x, top), head, Type(34, colour=_GREY), 0.5)
        body.text((x, top + 48), value, Type(70, _BOLD), 0.5)
    body.block((360, 1950), (280, 12), (40, 42, 48), 6)
    return body


def _reflection() -> Patch:
    """Cover a slanting band of the screen, strongest in its middle."""
    rows, columns = np.mgrid[:2060, :1000].astype(np.float32)
    across = (columns + 0.45 * rows - 700) / 230
    band = np.clip(1.2 - np.abs(across), 0, 1) * 255
    alpha = np.zeros((2060, 1000), np.uint8)
    alpha[44:2016, 40:960] = band[44:2016, 40:960]
    return Patch(np.full((2060, 1000, 3), 255, np.uint8), alpha)


def _boarding_pass() -> Design:
    sheet = Design(1500, 620, (250, 250, 246))
    sheet.block((0, 0), (1500, 110), (196, 62, 40))
    sheet.text((50, 24), "HARBOUR AIR", Type(54, _BOLD, WHITE))
    sheet.text((1450, 30), "BOARDING PASS", Type(44, colour=WHITE), 1.0)
    sheet.text((50, 150), "STB", Type(110, _BOLD))
    sheet.text((50, 290), "Stonebridge", Type(34, colour=_GREY))
    sheet.rule((330, 225), (460, 225), 7, (196, 62, 40))
    sheet.rule((460, 225), (430, 200), 7, (196, 62, 40))
    sheet.rule((460, 225), (430, 250), 7, (196, 62, 40))
    sheet.text((520, 150), "HBC", Type(110, _BOLD))
    sheet.text((520, 290), "Harbour City", Type(34, colour=_GREY))
    for x, head, value in ((900, "FLIGHT", "HA 128"), (1160, "GATE", "B7"), (1320, "SEAT", "14C")):
        sheet.text((x, 150), head, Type(32, colour=_GREY))
        sheet.text((x, 196), value, Type(50, _BOLD))
    text = "M1GARDEN/ROSE       E7741XY STBHBCHA 0128 318Y014C0042 100"
    code = write_modules(text, "PDF417", columns=8)
    sheet.code((50, 372), code, (5, 210 // len(code)))
    sheet.text((1110, 420), "GARDEN / ROSE", Type(40, _BOLD))
    sheet.text((1110, 490), "boarding 13:05", Type(36, colour=_GREY))
    return sheet
