"""Ink, light and shadow on pictures."""

import numpy as np
import pytest

from pipeline.codes.painting.canvas import filled
from pipeline.codes.painting.ink import inked, printed, stamp, worn
from pipeline.codes.painting.light import grained, lit, shaded, shadowed


def test_ink_covers_where_the_mask_says_so() -> None:
    """Nothing at 0, everything at 255, half of it between."""
    mask = np.array([[0, 128, 255]], np.uint8)

    picture = printed(filled(3, 1, (200, 200, 200)), mask, (0, 100, 0))

    assert picture[0, 0].tolist() == [200, 200, 200]
    assert np.abs(picture[0, 1].astype(int) - (100, 150, 100)).max() <= 2
    assert picture[0, 2].tolist() == [0, 100, 0]


@pytest.mark.parametrize(
    ("place", "expected"), [((0, 0), 4), ((-1, -1), 1), ((3, 0), 2), ((9, 9), 0)]
)
def test_a_stamp_may_hang_over_the_edge(place: tuple[int, int], expected: int) -> None:
    """Only the part inside is printed."""
    picture = filled(4, 3, (0, 0, 0))

    stamp(picture, np.full((2, 2), 255, np.uint8), (255, 255, 255), *place)

    assert (picture[..., 0] == 255).sum() == expected


def test_inked_masks_have_two_tones() -> None:
    """Ink and paper differ, whatever colours were drawn."""
    mask = np.zeros((20, 20), np.uint8)
    mask[:, 10:] = 255

    pictures = [inked(np.random.default_rng(seed), mask).astype(int) for seed in range(50)]

    assert all(np.abs(p[:, :10].mean((0, 1)) - p[:, 10:].mean((0, 1))).max() > 5 for p in pictures)


def test_worn_ink_is_never_added() -> None:
    """Rubbing takes ink away and puts none where there was none."""
    mask = np.zeros((40, 40), np.uint8)
    mask[:, 20:] = 255

    left_over = worn(np.random.default_rng(0), mask)

    assert not left_over[:, :20].any()
    assert left_over[:, 20:].min() < 255


@pytest.mark.parametrize("strength", [0.0, 1.0])
def test_light_of_no_strength_changes_nothing(strength: float) -> None:
    """Light of an ordinary strength makes a plain surface uneven."""
    picture = lit(np.random.default_rng(0), filled(64, 48, (128, 100, 90)), strength)

    assert picture.shape == (48, 64, 3)
    assert (np.ptp(picture[..., 0]) > 0) == (strength > 0)


def test_shading_is_a_factor() -> None:
    """Half the light on the left, all of it on the right."""
    picture = shaded(filled(100, 10, (100, 60, 20)), np.array([[0.5, 1.0]]))

    assert picture[5, 0].tolist() == [50, 30, 10]
    assert picture[5, -1].tolist() == [100, 60, 20]


def test_a_shadow_darkens_what_it_falls_on() -> None:
    """Far from the shadow everything stays as it is."""
    mask = np.zeros((80, 80), np.uint8)
    mask[:, :40] = 255

    picture = shadowed(filled(80, 80, (200, 200, 200)), mask, 4.0, 0.5)

    assert picture[40, 4, 0] == pytest.approx(100, abs=5)
    assert picture[40, 76, 0] == 200


def test_grain_keeps_the_mean() -> None:
    """Fine grain is as often lighter as darker."""
    picture = grained(np.random.default_rng(0), filled(100, 100, (120, 120, 120)), 5.0)

    assert picture.mean() == pytest.approx(120, abs=0.5)
    assert 2 < picture.std() < 8
