"""Covered copies of a picture, and what is learnt from them."""

import numpy as np
import pytest
from numpy.typing import NDArray

from vision import (
    Detection,
    Detections,
    OcclusionHeat,
    detection_similarity,
    occlude,
    occlusion_masks,
)
from vision.boxes import iou_xyxy

DOG = Detection("dog", 0.9, 18, (0.0, 0.0, 100.0, 50.0))


def masks(count: int, size_wh: tuple[int, int], seed: int = 0) -> list[NDArray[np.float32]]:
    return list(occlusion_masks(np.random.default_rng(seed), count, size_wh=size_wh))


@pytest.mark.parametrize("size_wh", [(64, 48), (320, 17), (1, 1), (1, 300), (16, 16), (15, 33)])
def test_masks_have_the_size_of_the_picture(size_wh: tuple[int, int]) -> None:
    """Whatever its size, a mask covers all of it, with numbers from 0 to 1."""
    for mask_hw in masks(5, size_wh):
        assert mask_hw.shape == size_wh[::-1]
        assert mask_hw.dtype == np.float32
        assert ((mask_hw >= 0) & (mask_hw <= 1)).all()


def test_masks_show_every_place_half_of_the_time() -> None:
    """No place is favoured: not the middle, and not the borders."""
    mean_hw = np.mean(masks(600, (96, 64)), axis=0)

    assert mean_hw.mean() == pytest.approx(0.5, abs=0.02)
    assert mean_hw.min() > 0.38
    assert mean_hw.max() < 0.62


def test_masks_follow_their_seed() -> None:
    """The same seed makes the same masks, and each mask is another one."""
    first, again, other = masks(3, (40, 30)), masks(3, (40, 30)), masks(3, (40, 30), seed=1)

    assert all(map(np.array_equal, first, again))
    assert not any(map(np.array_equal, first, other))
    assert not np.array_equal(first[0], first[1])
    assert masks(0, (40, 30)) == []


def test_covering_leaves_the_picture_as_it_is() -> None:
    """A copy is darker where the mask is; the picture itself is not touched."""
    image_hwc = np.full((2, 2, 3), 101, np.uint8)

    copy_hwc = occlude(image_hwc, np.array([[1.0, 0.5], [0.0, 0.25]], np.float32))

    assert copy_hwc[..., 0].tolist() == [[101, 50], [0, 25]]
    assert (image_hwc == 101).all()


@pytest.mark.parametrize(
    ("boxes", "class_ids", "scores", "expected"),
    [
        ([], [], [], 0.0),
        ([[0, 0, 100, 50]], [18], [1.0], 1.0),
        ([[0, 0, 100, 50]], [17], [1.0], 0.0),
        ([[0, 0, 50, 50]], [18], [0.5], 0.25),
        ([[200, 200, 300, 250]], [18], [1.0], 0.0),
        ([[0, 0, 50, 50], [0, 0, 100, 50]], [18, 18], [0.9, 0.6], 0.6),
        ([[7, 7, 7, 7]], [18], [1.0], 0.0),
    ],
)
def test_similarity_is_that_of_the_best_match(
    boxes: list[list[float]], class_ids: list[int], scores: list[float], expected: float
) -> None:
    """How well a box fits counts as much as how sure the detector is, and only in its class."""
    found = Detections(
        xyxy=np.array(boxes, np.float32).reshape(-1, 4),
        class_ids=np.array(class_ids, np.int64),
        scores=np.array(scores, np.float32),
        labels=tuple("thing" for _ in class_ids),
    )

    assert detection_similarity(found, DOG) == pytest.approx(expected)


def test_boxes_without_area_fit_nothing() -> None:
    """Nothing is divided by zero where boxes have no area, or there are none."""
    flat = [[5, 5, 5, 9]]

    assert iou_xyxy(flat, flat).tolist() == [[0.0]]
    assert iou_xyxy(np.empty((0, 4)), flat).shape == (0, 1)


def test_heat_is_where_being_visible_helps() -> None:
    """Of a picture whose left half decides, the left half is hot and the right one cold."""
    heat = OcclusionHeat((40, 20))
    for mask_hw in masks(300, (40, 20)):
        heat.add(mask_hw, float(mask_hw[:, :20].mean()))

    heat_map = heat.heat_map()

    assert heat.count == 300
    assert heat_map.share_inside((0.0, 0.0, 0.5, 1.0)) > 0.9
    assert heat_map.values_hw.shape == (20, 40)


@pytest.mark.parametrize("similarity", [0.0, 0.7])
def test_nothing_is_hot_where_nothing_helps(similarity: float) -> None:
    """Without masks, or where each gives the same, there is no heat."""
    untouched, same = OcclusionHeat((10, 10)), OcclusionHeat((10, 10))
    for mask_hw in masks(9, (10, 10)):
        same.add(mask_hw, similarity)

    assert not untouched.heat_map().values_hw.any()
    assert not same.heat_map().values_hw.any()


def test_chance_is_not_shown() -> None:
    """Where similarity has nothing to do with the masks, next to nothing is hot."""
    heat, chance = OcclusionHeat((64, 64)), np.random.default_rng(5)
    for mask_hw in masks(200, (64, 64)):
        heat.add(mask_hw, float(chance.random()))

    assert (heat.heat_map().values_hw > 0).mean() < 0.1
