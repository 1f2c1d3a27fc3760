"""Putting things down in front of a camera, with soft shadows."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.codes.painting.canvas import Picture
from pipeline.codes.scenes.patch import Patch
from pipeline.codes.scenes.pose import Bend, Pose, tilted

_FULL = 255
_FINENESS = 2.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where a thing lies.

    Attributes:
        centre: Of the thing, as x and y in pixels of the picture.
        width: Of the thing, in pixels of the picture.
        roll: Clockwise turn in degrees.
        tilt: Turn away round the level and the upright axis, in radians.
        bend: How much of a cylinder it covers in radians, and its sag; or None if it is flat.
    """

    centre: tuple[float, float]
    width: float
    roll: float = 0.0
    tilt: tuple[float, float] = (0.0, 0.0)
    bend: tuple[float, float] | None = None

    def pose(self, size_wh: tuple[int, int]) -> Pose:
        """Return the pose of a thing of some size in pixels."""
        flat = tilted(size_wh, float(np.radians(self.roll)), self.tilt, 3.0)
        bend = None if self.bend is None else Bend(size_wh, *self.bend)
        return Pose(flat.homography, bend).scaled(self.width / size_wh[0]).shifted(self.centre)


@dataclass(frozen=True, slots=True)
class Shadow:
    """A thing's shadow.

    Attributes:
        offset: How far it falls to the right and down, in pixels.
        softness: Of its edge, in pixels.
        strength: How dark it is, 0..1.
    """

    offset: tuple[float, float] = (10, 14)
    softness: float = 14
    strength: float = 0.5


class StillLife:
    """A picture that things are put into, the farthest first.

    Args:
        picture: The table or wall behind them, uint8 RGB [height, width, 3].
    """

    def __init__(self, picture: Picture) -> None:
        self.picture: NDArray[np.float32] = picture.astype(np.float32)

    def lay(self, patch: Patch, place: Place, shadow: Shadow | None = None) -> None:
        """Put a thing down, with a shadow or without."""
        rgba = self._seen(patch, place).astype(np.float32)
        alpha = rgba[..., 3:] / np.float32(_FULL)
        if shadow is not None:
            self._cast(alpha[..., 0], shadow)
            self._cast(alpha[..., 0], Shadow((1, 2), 3, 0.35))
        self.picture = np.asarray(self.picture * (1 - alpha) + rgba[..., :3], np.float32)

    def shine(self, patch: Patch, place: Place, strength: float) -> None:
        """Lighten the picture where a patch is, as a reflection does."""
        alpha = self._seen(patch, place)[..., 3:].astype(np.float32) * (strength / _FULL)
        self.picture += (_FULL - self.picture) * alpha

    def _seen(self, patch: Patch, place: Place) -> Picture:
        scale = min(1.0, _FINENESS * place.width / patch.size_wh[0])
        small = patch.shrunk(scale)
        cover = small.alpha[..., None].astype(np.float32) / _FULL
        rgba = np.concatenate([small.rgb * cover, small.alpha[..., None]], axis=2)
        height, width = self.picture.shape[:2]
        pose = place.pose(small.size_wh)
        return pose.warp(rgba.astype(np.uint8), (0, 0, width, height))

    def _cast(self, alpha: NDArray[np.float32], shadow: Shadow) -> None:
        move = np.array([[1, 0, shadow.offset[0]], [0, 1, shadow.offset[1]]], np.float64)
        moved = cv2.warpAffine(np.ascontiguousarray(alpha), move, alpha.shape[::-1])
        soft = cv2.GaussianBlur(moved, (0, 0), shadow.softness)
        self.picture *= 1 - shadow.strength * np.asarray(soft, np.float32)[..., None]

    def photographed(self, rng: np.random.Generator) -> Picture:
        """Take the picture with a good camera: a little vignette, blur and noise."""
        height, width = self.picture.shape[:2]
        across = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
        down = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
        light = self.picture * (1 - 0.16 * (across**2 + down**2))[..., None]
        light = np.asarray(cv2.GaussianBlur(light, (0, 0), 0.55), np.float32)
        noise = rng.standard_normal((height, width, 1), dtype=np.float32)
        return np.asarray(np.clip(light + 1.6 * noise, 0, _FULL), np.uint8)
