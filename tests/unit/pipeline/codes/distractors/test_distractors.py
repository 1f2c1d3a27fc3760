"""Distractors of every family and size."""

import numpy as np
import pytest

from pipeline.codes.distractors import FAMILIES, paint_distractor
from pipeline.codes.distractors.stripes import paint_stripes
from pipeline.codes.painting.families import Family

NAMES = [family.paint.__name__ for family in FAMILIES]


@pytest.mark.parametrize(
    ("width", "height"), [(1, 1), (16, 16), (16, 900), (900, 16), (63, 65), (320, 240)]
)
def test_a_distractor_has_the_size_asked_for(width: int, height: int) -> None:
    """Neither small nor long and thin pictures are refused."""
    for seed in range(8):
        rng = np.random.default_rng(seed)

        picture = paint_distractor(rng, width, height)

        assert picture.shape == (height, width, 3)
        assert picture.dtype == np.uint8
        assert picture.flags.c_contiguous


@pytest.mark.parametrize("size_wh", [(0, 10), (10, 0), (-1, 10)])
def test_an_empty_size_is_refused(size_wh: tuple[int, int]) -> None:
    """A picture needs a pixel."""
    with pytest.raises(ValueError, match="at least 1x1"):
        paint_distractor(np.random.default_rng(0), *size_wh)


@pytest.mark.parametrize("family", FAMILIES, ids=NAMES)
def test_a_family_paints_something_else_for_every_seed(family: Family) -> None:
    """A painter fills the picture, and paints no picture twice."""
    pictures = [family.paint(np.random.default_rng(seed), 200, 120) for seed in range(3)]

    assert all(picture.shape == (120, 200, 3) for picture in pictures)
    assert all(picture.dtype == np.uint8 for picture in pictures)
    assert max(picture.std() for picture in pictures) > 10
    assert len({picture.tobytes() for picture in pictures}) == 3


@pytest.mark.parametrize("family", FAMILIES, ids=NAMES)
def test_a_family_paints_the_same_bytes_for_the_same_seed(family: Family) -> None:
    """Whatever was painted in between, nothing is remembered that shows."""
    first = family.paint(np.random.default_rng(5), 150, 90)
    family.paint(np.random.default_rng(6), 90, 150)

    second = family.paint(np.random.default_rng(5), 150, 90)

    assert np.array_equal(first, second)


def test_every_family_is_listed_once_and_none_outweighs_the_others() -> None:
    """A family listed twice would be a slip, and variety needs many families."""
    weights = [family.weight for family in FAMILIES]

    assert len(set(NAMES)) == len(NAMES) >= 20
    assert max(weights) / sum(weights) < 0.15


def test_global_randomness_is_left_alone() -> None:
    """Only the generator handed in is drawn from."""
    before = np.random.get_state(legacy=False)  # noqa: NPY002  to see that nobody uses it

    paint_distractor(np.random.default_rng(0), 100, 100)

    after = np.random.get_state(legacy=False)  # noqa: NPY002  as above
    assert np.array_equal(before["state"]["key"], after["state"]["key"])
    assert before["state"]["pos"] == after["state"]["pos"]


@pytest.mark.parametrize("seed", range(12))
def test_stripes_keep_to_one_period(seed: int) -> None:
    """Bars of one width and gaps of another: bars of many widths would be a barcode."""
    rows = paint_stripes(np.random.default_rng(seed), 400, 64).mean(axis=2)
    is_dark = rows[32] < (rows.min() + rows.max()) / 2

    edges = np.flatnonzero(np.diff(is_dark.astype(int)) == 1)

    assert len(edges) >= 3
    assert np.ptp(np.diff(edges)) <= 2
