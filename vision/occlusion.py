"""Which parts of a picture a detector needs for one of its boxes, found out by covering parts.

The method is D-RISE: Petsiuk et al., "Black-box Explanation of Object Detectors via Saliency Maps",
CVPR 2021, https://arxiv.org/abs/2006.03204. It needs no gradients and no look into the model, only
its answers to many copies of the picture, each with other parts blacked out. A part matters as much
as the box is found better with it than without it.

::

    heat = OcclusionHeat(size_wh)
    for mask_hw in occlusion_masks(generator, count, size_wh=size_wh):
        answer = ...  # of the detector to occlude(image_hwc, mask_hw)
        heat.add(mask_hw, detection_similarity(answer, target))
    heat.heat_map()
"""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vision.boxes import iou_xyxy
from vision.detections import Detection, Detections
from vision.heat_map import HeatMap
from vision.pixels import ImageHwc

GRID = 16
"""Cells of a mask across and down, as in the paper."""
KEPT_SHARE = 0.5
"""Probability with which a cell stays visible, as in the paper."""
# The finished map needs no more than this many cells: it is smooth, as the masks are.
_MAP_SIDE_MAX = 64
# A gain of so many standard errors is what one place in forty has by chance alone.
_ERRORS_OF_CHANCE = 2.0


def occlusion_masks(
    generator: np.random.Generator, count: int, *, size_wh: tuple[int, int], grid: int = GRID
) -> Iterator[NDArray[np.float32]]:
    """Make masks that each cover about half of a picture, in soft patches.

    Each is a random grid of black and white cells, enlarged with interpolation and shifted by a
    random part of a cell, so that no edge is in the same place every time.

    Args:
        generator: Where chance comes from; the same seed makes the same masks.
        count: How many.
        size_wh: Width and height of the picture in pixels.
        grid: Cells across and down.

    Yields:
        float32 [H, W], from 0 (covered) to 1 (visible).

    Examples:
        >>> masks = list(occlusion_masks(np.random.default_rng(7), 2, size_wh=(30, 20), grid=4))
        >>> masks[0].shape, bool((masks[0] == masks[1]).all())
        ((20, 30), False)
    """
    width, height = size_wh
    # One cell more than the grid on each axis, so that a shift stays inside.
    cell_wh = -(-width // grid), -(-height // grid)
    large_wh = (grid + 1) * cell_wh[0], (grid + 1) * cell_wh[1]
    for _ in range(count):
        cells = generator.random((grid + 1, grid + 1)) < KEPT_SHARE
        large = Image.fromarray(cells.astype(np.float32))
        mask = np.asarray(large.resize(large_wh, Image.Resampling.BILINEAR))
        left, top = (int(generator.integers(cell)) for cell in cell_wh)
        yield np.clip(mask[top : top + height, left : left + width], 0.0, 1.0)


def occlude(image_hwc: ImageHwc, mask_hw: NDArray[np.float32]) -> ImageHwc:
    """Return a copy of the picture that is black where the mask is 0.

    Args:
        image_hwc: RGB, uint8, shape [H, W, 3].
        mask_hw: float32 [H, W], 0..1.

    Examples:
        >>> occlude(np.full((1, 2, 3), 200, np.uint8), np.array([[0.0, 0.5]], np.float32)).tolist()
        [[[0, 0, 0], [100, 100, 100]]]
    """
    visible: NDArray[np.float32] = image_hwc * mask_hw[..., np.newaxis]
    return np.rint(visible).astype(np.uint8)


def detection_similarity(found: Detections, target: Detection) -> float:
    """Return how well the best of some detections matches one, 0..1.

    A detection matches by how well its box fits ("intersection over union") times its probability,
    and only in the same class. The paper compares the probabilities of all classes instead; these
    detectors give no more than that of the best one.

    Args:
        found: What the detector says of a covered picture.
        target: What it says of the whole one.

    Examples:
        >>> dog = Detections(
        ...     xyxy=np.array([[0, 0, 10, 10]], np.float32),
        ...     class_ids=np.array([18]),
        ...     scores=np.array([0.5], np.float32),
        ...     labels=("dog",),
        ... )
        >>> detection_similarity(dog, Detection("dog", 0.9, 18, (0, 0, 10, 20)))
        0.25
        >>> detection_similarity(dog, Detection("cat", 0.9, 17, (0, 0, 10, 20)))
        0.0
    """
    is_of_class = found.class_ids == target.class_id
    fits = iou_xyxy(found.xyxy[is_of_class], [target.xyxy])[:, 0] * found.scores[is_of_class]
    return float(fits.max(initial=0.0))


class OcclusionHeat:
    """Adds up what was learnt from masks.

    Args:
        size_wh: Width and height of the masks in pixels.
    """

    def __init__(self, size_wh: tuple[int, int]) -> None:
        width, height = size_wh
        self._map_wh = min(width, _MAP_SIDE_MAX), min(height, _MAP_SIDE_MAX)
        self._visible_hw = np.zeros(self._map_wh[::-1])
        self._similar_hw = np.zeros(self._map_wh[::-1])
        self._similarities: list[float] = []

    def add(self, mask_hw: NDArray[np.float32], similarity: float) -> None:
        """Take note of how well the target was found behind a mask.

        Args:
            mask_hw: float32 [H, W], 0..1.
            similarity: 0..1.
        """
        small = Image.fromarray(mask_hw).resize(self._map_wh, Image.Resampling.BOX)
        small_hw = np.asarray(small, dtype=np.float64)
        self._visible_hw += small_hw
        self._similar_hw += similarity * small_hw
        self._similarities.append(similarity)

    @property
    def count(self) -> int:
        """How many masks were added."""
        return len(self._similarities)

    def heat_map(self) -> HeatMap:
        """Return how much better the target is found where a place is visible, than on average.

        What may well be chance, because there were few masks, does not count. Places that make no
        difference or are in the way are cold. The hottest place is 1, unless no place makes any
        difference: then all are 0.
        """
        similarities = np.array(self._similarities or [0.0])
        visible_hw = np.maximum(self._visible_hw, np.finfo(np.float64).tiny)
        gain_hw = self._similar_hw / visible_hw - similarities.mean()
        # Of a mean over the masks that show a place, about half of all, against that over all.
        error = similarities.std() * math.sqrt((1 / KEPT_SHARE - 1) / len(similarities))
        heat_hw = np.maximum(gain_hw - _ERRORS_OF_CHANCE * error, 0.0)
        # What rounding leaves of equal numbers is no difference.
        if heat_hw.max() <= similarities.mean() * 1e-9:
            return HeatMap(np.zeros_like(heat_hw, dtype=np.float32))
        return HeatMap((heat_hw / heat_hw.max()).astype(np.float32))
