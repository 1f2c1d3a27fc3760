"""Hands and bare skin, in front of something else."""

import cv2
import numpy as np

from pipeline.codes.backdrops.materials import paint_cloth, paint_concrete
from pipeline.codes.backdrops.packaging import paint_packaging
from pipeline.codes.backdrops.plain import paint_surface
from pipeline.codes.backdrops.rooms import paint_room
from pipeline.codes.painting.canvas import Field, Mask, Picture
from pipeline.codes.painting.colours import hsv, mixed
from pipeline.codes.painting.draws import between, count_between, pick
from pipeline.codes.painting.ink import printed
from pipeline.codes.painting.light import lit, shaded, shadowed

_BEHIND = (paint_cloth, paint_concrete, paint_packaging, paint_room, paint_surface)


def paint_hand(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint fingers that reach into the picture from one side."""
    picture = pick(rng, _BEHIND)(rng, width, height)
    skin = hsv(between(rng, 0.03, 0.08), between(rng, 0.25, 0.6), between(rng, 0.3, 0.95))
    mask, nails = _fingers(rng, width, height)
    picture = shadowed(picture, mask, between(rng, 4, 16), between(rng, 0.2, 0.7))
    picture = printed(picture, mask, skin)
    picture = printed(picture, nails, mixed(skin, (255, 210, 200), 0.5))
    return lit(rng, shaded(picture, _roundness(mask)))


def _fingers(rng: np.random.Generator, width: int, height: int) -> tuple[Mask, Mask]:
    """Return where a hand is and where its nails are, uint8 [H, W] each."""
    mask, nails = np.zeros((2, height, width), np.uint8)
    side = max(width, height)
    thick = max(6, round(side * between(rng, 0.06, 0.16)))
    angle = between(rng, 0, 2 * np.pi)
    inwards = np.array([np.cos(angle), np.sin(angle)])
    across = np.array([-inwards[1], inwards[0]])
    palm = np.array([width, height]) / 2 - inwards * side * between(rng, 0.45, 0.65)
    cv2.circle(mask, _point(palm), round(thick * 2.2), 255, -1, cv2.LINE_AA)
    for finger in range(count_between(rng, 1, 4)):
        root = palm + across * thick * (finger - 1.5) * 1.1
        reach = inwards * thick * between(rng, 3.5, 6.0) + across * thick * between(rng, -0.6, 0.6)
        tip = root + reach
        cv2.line(mask, _point(root), _point(tip), 255, thick, cv2.LINE_AA)
        nail = _point(tip + inwards * thick * 0.1)
        axes = (max(1, round(thick * 0.34)), max(1, round(thick * 0.26)))
        cv2.ellipse(nails, nail, axes, np.degrees(angle), 0, 360, 255, -1, cv2.LINE_AA)
    return mask, nails


def _roundness(mask: Mask) -> Field:
    """Return light that falls off towards the edges of a hand, and is 1 beside it."""
    small_wh = (max(1, mask.shape[1] // 4), max(1, mask.shape[0] // 4))
    small = cv2.resize(mask, small_wh, interpolation=cv2.INTER_AREA)
    inner = cv2.GaussianBlur(small, (0, 0), max(small_wh) * 0.02 + 0.5).astype(np.float32)
    edge = np.clip((255 - inner) / 255, 0, 1) * (small > 0)
    return 1.0 - edge * 0.9


def _point(xy: np.ndarray) -> tuple[int, int]:
    """Return a place as whole pixels."""
    return round(float(xy[0])), round(float(xy[1]))
