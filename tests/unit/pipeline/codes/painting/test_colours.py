"""Colours that go together."""

import numpy as np
import pytest

from pipeline.codes.painting.canvas import Colour
from pipeline.codes.painting.colours import (
    any_colour,
    coloured,
    contrast_colour,
    hsv,
    ink_on_paper,
    mixed,
    palette,
    tones,
)


@pytest.mark.parametrize(
    ("hue", "expected"),
    [(0.0, (255, 0, 0)), (1 / 3, (0, 255, 0)), (2 / 3, (0, 0, 255)), (-1 / 3, (0, 0, 255))],
)
def test_hues_go_round(hue: float, expected: Colour) -> None:
    """Hues are turns, in red, green, blue order."""
    assert hsv(hue, 1.0, 1.0) == expected


def test_grey_values_become_colours_between_the_stops() -> None:
    """The ends get the first and the last colour; the middle the one between."""
    values = np.array([[0, 128, 255]], np.uint8)

    picture = coloured(values, ((0, 0, 0), (100, 0, 200), (255, 0, 0)))

    assert picture[0, 0].tolist() == [0, 0, 0]
    assert np.abs(picture[0, 1].astype(int) - (100, 0, 200)).max() <= 2
    assert picture[0, 2].tolist() == [255, 0, 0]


@pytest.mark.parametrize(
    ("colour", "expected"),
    [((255, 255, 255), (0, 0, 0)), ((0, 0, 0), (255, 255, 255)), ((0, 0, 255), (255, 255, 255))],
)
def test_the_contrast_colour_is_easy_to_read(colour: Colour, expected: Colour) -> None:
    """Light grounds get black, dark ones white; blue is dark."""
    assert contrast_colour(colour) == expected


def test_tones_go_from_dark_to_light() -> None:
    """The colour itself stands in the middle."""
    dark, middle, light = tones((100, 100, 100), 0.5, 0.5)

    assert dark == mixed((100, 100, 100), (0, 0, 0), 0.5)
    assert middle == (100, 100, 100)
    assert dark < middle < light


def test_ink_is_mostly_darker_than_paper_but_not_always() -> None:
    """Inverse print is the exception."""
    rng = np.random.default_rng(0)

    pairs = [ink_on_paper(rng) for _ in range(500)]

    share = np.mean([sum(ink) < sum(paper) for ink, paper in pairs])
    assert 0.6 < share < 0.95


def test_colours_are_bytes() -> None:
    """Whatever is drawn, three whole numbers in 0..255 come out."""
    rng = np.random.default_rng(0)

    drawn = [any_colour(rng) for _ in range(200)] + palette(rng, 200)

    assert all(len(colour) == 3 for colour in drawn)
    assert all(0 <= value <= 255 for colour in drawn for value in colour)
