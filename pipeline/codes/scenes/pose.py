"""Where a flat thing is in the picture: turned, tilted, bent round a bottle."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float32]
"""x and y in pixels, [N, 2]."""

Area = tuple[int, int, int, int]
"""Left, top, right and bottom in whole pixels of the picture."""

_SUPERSAMPLING = 2


@dataclass(frozen=True, slots=True)
class Bend:
    """Wraps a thing of some size round an upright cylinder.

    Attributes:
        size_wh: The thing's size in pixels.
        angle: How much of the cylinder it covers, in radians, above 0 and below pi.
        sag: How far the middle of a level line hangs below its ends, as a share of the radius:
            the cylinder is seen from above or, where negative, from below.
    """

    size_wh: tuple[int, int]
    angle: float
    sag: float

    @property
    def radius(self) -> float:
        """The cylinder's radius in pixels."""
        return self.size_wh[0] / self.angle

    def forward(self, points: Points) -> Points:
        """Say where points of the flat thing are seen, float32 [N, 2]."""
        middle = self.size_wh[0] / 2
        turn = (points[:, 0] - middle) / self.radius
        x = middle + self.radius * np.sin(turn)
        y = points[:, 1] - self._rise(turn)
        return _paired(x, y)

    def backward(self, points: Points) -> Points:
        """Undo `forward`; what lies beyond the cylinder comes far outside of the thing."""
        middle = self.size_wh[0] / 2
        sine = (points[:, 0] - middle) / self.radius
        turn = np.arcsin(np.clip(sine, -1, 1))
        x = np.where(np.abs(sine) < 1, middle + self.radius * turn, -1e6)
        y = points[:, 1] + self._rise(turn)
        return _paired(x, y)

    def _rise(self, turn: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(self.sag * self.radius * (1 - np.cos(turn)), np.float32)


@dataclass(frozen=True, slots=True)
class Pose:
    """Maps a flat thing into the picture: first the bend, then a homography.

    Points are (x, y) in pixels with (0, 0) at the top left corner of the top left pixel.

    Attributes:
        homography: From the (bent) thing into the picture, float64 [3, 3].
        bend: How it is wrapped, or None if it is flat.
    """

    homography: NDArray[np.float64]
    bend: Bend | None = None

    def project(self, points: Points) -> Points:
        """Say where points of the thing are in the picture, float32 [N, 2]."""
        if self.bend is not None:
            points = self.bend.forward(points)
        return np.asarray(cv2.perspectiveTransform(points[None], self.homography)[0], np.float32)

    def project_outline(self, corners: Points, steps: int = 16) -> Points:
        """Say where the sides of a polygon are, each in some steps, float32 [N * steps, 2]."""
        if self.bend is None:
            return self.project(corners)
        along = (np.arange(steps, dtype=np.float32) / steps)[None, :, None]
        ends = np.roll(corners, -1, axis=0)
        dense = corners[:, None] * (1 - along) + ends[:, None] * along
        return self.project(dense.reshape(-1, 2).astype(np.float32))

    def shifted(self, offset_xy: tuple[float, float]) -> "Pose":
        """Move it in the picture."""
        move = np.array([[1, 0, offset_xy[0]], [0, 1, offset_xy[1]], [0, 0, 1]], np.float64)
        return Pose(move @ self.homography, self.bend)

    def scaled(self, factor: float) -> "Pose":
        """Enlarge it in the picture, from the picture's origin."""
        return Pose(np.diag([factor, factor, 1.0]) @ self.homography, self.bend)

    def on_resized(self, factor_wh: tuple[float, float]) -> "Pose":
        """Return the pose for the same thing with its picture resized by two factors."""
        resize = np.diag([1 / factor_wh[0], 1 / factor_wh[1], 1.0])
        if self.bend is None:
            return Pose(self.homography @ resize)
        width, height = self.bend.size_wh
        size_wh = (round(width * factor_wh[0]), round(height * factor_wh[1]))
        # The sag is a share of the radius, so it takes the ratio of both factors.
        sag = self.bend.sag * factor_wh[1] / factor_wh[0]
        return Pose(self.homography @ resize, Bend(size_wh, self.bend.angle, sag))

    def warp(self, image: NDArray[np.uint8], area_xyxy: Area) -> NDArray[np.uint8]:
        """Draw the thing as it is seen in one area of the picture, without aliasing.

        Args:
            image: The thing, of the size this pose is for, uint8 [height, width, channels];
                at most about twice as fine as the picture, or it aliases.
            area_xyxy: The area.

        Returns:
            uint8 [bottom - top, right - left, channels], 0 outside of the thing.
        """
        left, top, right, bottom = area_xyxy
        size_wh = (right - left, bottom - top)
        fine = self.shifted((-left, -top)).scaled(_SUPERSAMPLING)
        fine_wh = (size_wh[0] * _SUPERSAMPLING, size_wh[1] * _SUPERSAMPLING)
        warped = fine.sampled(image, fine_wh)
        return np.asarray(cv2.resize(warped, size_wh, interpolation=cv2.INTER_AREA), np.uint8)

    def sampled(self, image: NDArray[np.uint8], size_wh: tuple[int, int]) -> NDArray[np.uint8]:
        """Draw the thing into a picture of some size, one sample a pixel."""
        if self.bend is None:
            # OpenCV puts (0, 0) at the middle of a pixel, we at its corner.
            middles = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
            matrix = np.linalg.inv(middles) @ self.homography @ middles
            warped = cv2.warpPerspective(image, matrix, size_wh, flags=cv2.INTER_LINEAR)
            return np.asarray(warped, np.uint8)
        columns, rows = np.meshgrid(np.arange(size_wh[0]) + 0.5, np.arange(size_wh[1]) + 0.5)
        back = Pose(np.asarray(np.linalg.inv(self.homography), np.float64))
        flat = back.project(_paired(columns.ravel(), rows.ravel()))
        source = self.bend.backward(flat) - np.float32(0.5)
        x, y = (source[:, axis].reshape(size_wh[::-1]) for axis in (0, 1))
        return np.asarray(cv2.remap(image, x, y, cv2.INTER_LINEAR), np.uint8)


def tilted(
    size_wh: tuple[int, int], roll: float, tilt_xy: tuple[float, float], distance: float
) -> Pose:
    """Look at a thing with a camera.

    Args:
        size_wh: The thing's size in pixels.
        roll: Clockwise turn in the picture, in radians.
        tilt_xy: Turn away round the picture's level and upright axis, in radians.
        distance: Of the camera, in units of the thing's longer side; nearer means more perspective.

    Returns:
        A pose with the thing's middle at (0, 0) and about one pixel of the thing a pixel.
    """
    width, height = size_wh
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    solid = np.zeros((4, 3))
    solid[:, :2] = corners - np.array([width / 2, height / 2])
    turned = solid @ _rotation(roll, tilt_xy).T
    depth = distance * max(size_wh)
    seen = turned[:, :2] * (depth / (depth + turned[:, 2:]))
    homography = cv2.getPerspectiveTransform(corners, seen.astype(np.float32))
    return Pose(np.asarray(homography, np.float64))


def _paired(x: NDArray[np.floating], y: NDArray[np.floating]) -> Points:
    return np.stack([x, y], axis=1).astype(np.float32)


def _rotation(roll: float, tilt_xy: tuple[float, float]) -> NDArray[np.float64]:
    (sin_x, cos_x), (sin_y, cos_y) = ((math.sin(a), math.cos(a)) for a in tilt_xy)
    sin_z, cos_z = math.sin(roll), math.cos(roll)
    about_x = np.array([[1, 0, 0], [0, cos_x, -sin_x], [0, sin_x, cos_x]])
    about_y = np.array([[cos_y, 0, sin_y], [0, 1, 0], [-sin_y, 0, cos_y]])
    about_z = np.array([[cos_z, -sin_z, 0], [sin_z, cos_z, 0], [0, 0, 1]])
    matrix: NDArray[np.float64] = about_x @ about_y @ about_z
    return matrix
