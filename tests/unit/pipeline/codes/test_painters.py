"""Backdrops and distractors of every family and size."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pipeline.codes import backdrops, distractors
from pipeline.codes.backdrops import paint_backdrop
from pipeline.codes.distractors import paint_distractor
from pipeline.codes.painting.families import Family

Painter = Callable[[np.random.Generator, int, int], Any]

PAINTERS = [paint_backdrop, paint_distractor]
FAMILIES = [*backdrops.FAMILIES, *distractors.FAMILIES]


def named(family: Family) -> str:
    return family.paint.__name__


@pytest.mark.parametrize("paint", PAINTERS)
@pytest.mark.parametrize(
    ("width", "height"), [(1, 1), (16, 16), (16, 900), (900, 16), (63, 65), (320, 240)]
)
def test_a_picture_has_the_size_asked_for(paint: Painter, width: int, height: int) -> None:
    """Neither small nor long and thin pictures are refused."""
    for seed in range(8):
        rng = np.random.default_rng(seed)

        picture = paint(rng, width, height)

        assert picture.shape == (height, width, 3)
        assert picture.dtype == np.uint8
        assert picture.flags.c_contiguous


@pytest.mark.parametrize("paint", PAINTERS)
@pytest.mark.parametrize("size_wh", [(0, 10), (10, 0), (-1, 10)])
def test_an_empty_size_is_refused(paint: Painter, size_wh: tuple[int, int]) -> None:
    """A picture needs a pixel."""
    with pytest.raises(ValueError, match="at least 1x1"):
        paint(np.random.default_rng(0), *size_wh)


@pytest.mark.parametrize("family", FAMILIES, ids=named)
def test_a_family_paints_something_else_for_every_seed(family: Family) -> None:
    """A painter fills the picture, and paints no picture twice."""
    pictures = [family.paint(np.random.default_rng(seed), 200, 120) for seed in range(3)]

    assert all(picture.shape == (120, 200, 3) for picture in pictures)
    assert all(picture.dtype == np.uint8 for picture in pictures)
    assert max(picture.std() for picture in pictures) > 4
    assert len({picture.tobytes() for picture in pictures}) == 3


@pytest.mark.parametrize("family", FAMILIES, ids=named)
def test_a_family_paints_the_same_bytes_for_the_same_seed(family: Family) -> None:
    """Whatever was painted in between, nothing is remembered that shows."""
    first = family.paint(np.random.default_rng(5), 150, 90)
    family.paint(np.random.default_rng(6), 90, 150)

    second = family.paint(np.random.default_rng(5), 150, 90)

    assert np.array_equal(first, second)


@pytest.mark.parametrize("family", distractors.FAMILIES, ids=named)
def test_distractors_have_contrast_as_codes_have(family: Family) -> None:
    """What is to be taken for a code by mistake must stand out like one."""
    pictures = [family.paint(np.random.default_rng(seed), 200, 120) for seed in range(3)]

    assert max(picture.std() for picture in pictures) > 10


@pytest.mark.parametrize("module", [backdrops, distractors])
def test_every_family_is_listed_once_and_none_outweighs_the_others(module: Any) -> None:
    """A family listed twice would be a slip, and variety needs many families."""
    names = [named(family) for family in module.FAMILIES]
    weights = [family.weight for family in module.FAMILIES]

    assert len(set(names)) == len(names) >= 20
    assert max(weights) / sum(weights) < 0.15


@pytest.mark.parametrize("paint", PAINTERS)
def test_global_randomness_is_left_alone(paint: Painter) -> None:
    """Only the generator handed in is drawn from."""
    before = np.random.get_state(legacy=False)  # noqa: NPY002  to see that nobody uses it

    paint(np.random.default_rng(0), 100, 100)

    after = np.random.get_state(legacy=False)  # noqa: NPY002  as above
    assert np.array_equal(before["state"]["key"], after["state"]["key"])
    assert before["state"]["pos"] == after["state"]["pos"]
