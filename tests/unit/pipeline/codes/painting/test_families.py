"""Choosing among families of pictures."""

import numpy as np
import pytest

from pipeline.codes.painting.canvas import Picture, filled
from pipeline.codes.painting.families import ROOM, Family, chosen, painted


def paint_ramp(_rng: np.random.Generator, width: int, height: int) -> Picture:
    """Paint something whose size shows."""
    assert width >= ROOM
    assert height >= ROOM
    return filled(width, height, (width % 256, height % 256, 0))


@pytest.mark.parametrize("weight", [0.0, -1.0, float("nan")])
def test_a_weight_that_is_none_is_refused(weight: float) -> None:
    """A family that never comes should not be listed."""
    with pytest.raises(ValueError, match="above 0"):
        Family(weight, paint_ramp)


def test_families_are_chosen_as_often_as_their_weights_say() -> None:
    """Three to one, within what chance allows."""
    heavy, light = Family(3, paint_ramp), Family(1, paint_ramp)
    rng = np.random.default_rng(0)

    share = np.mean([chosen(rng, (heavy, light)) is heavy for _ in range(2000)])

    assert share == pytest.approx(0.75, abs=0.04)


@pytest.mark.parametrize("turned_share", [0.0, 1.0])
@pytest.mark.parametrize("size_wh", [(1, 1), (16, 900), (70, 65)])
def test_painters_get_room_and_callers_their_size(
    size_wh: tuple[int, int], turned_share: float
) -> None:
    """Small pictures are cut out of larger ones."""
    picture = painted(np.random.default_rng(0), paint_ramp, size_wh, turned_share)

    assert picture.shape == (size_wh[1], size_wh[0], 3)
