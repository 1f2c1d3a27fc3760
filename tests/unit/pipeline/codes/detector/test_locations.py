"""Cells of the feature maps, and the boxes written down from them."""

import math

import numpy as np
import pytest

from pipeline.codes.detector.locations import boxes_from_distances, locations


def test_every_cell_of_every_level_has_a_location() -> None:
    """320 pixels have 40 x 40 + 20 x 20 + 10 x 10 cells, each at its centre."""
    centres_xy, strides = locations(320)

    assert np.unique(strides, return_counts=True)[1].tolist() == [1600, 400, 100]
    assert centres_xy[0].tolist() == [4, 4]
    assert centres_xy[1599].tolist() == [316, 316]
    assert centres_xy[1600].tolist() == [8, 8]
    assert centres_xy[1601].tolist() == [24, 8]
    assert centres_xy[2099].tolist() == [304, 304]


@pytest.mark.parametrize("size", [-32, 0, 31, 300])
def test_sizes_that_do_not_fit_are_refused(size: int) -> None:
    """Cells of all levels must cover the square exactly."""
    with pytest.raises(ValueError, match=f"multiple of 32, got {size}"):
        locations(size)


def test_distances_are_in_strides_and_logarithmic() -> None:
    """A box reaches from the centre by exp(distance) strides to each side."""
    places = locations(32)
    log_distances = np.log(np.array([[1, 2, 3, 4]] * len(places.strides), np.float32))

    boxes = boxes_from_distances(log_distances, places).numpy()

    assert boxes[0] == pytest.approx([4 - 8, 4 - 16, 4 + 24, 4 + 32], abs=1e-4)
    assert boxes[-1] == pytest.approx([16 - 32, 16 - 64, 16 + 96, 16 + 128], abs=1e-4)


def test_wild_distances_stay_finite() -> None:
    """Nothing that an untrained network says makes a box overflow."""
    places = locations(32)

    boxes = boxes_from_distances(np.full((21, 4), 1e9, np.float32), places).numpy()

    assert boxes.max() == pytest.approx(16 + 32 * math.exp(4), rel=1e-5)
