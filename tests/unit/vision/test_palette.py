"""The colours of classes and of the text on them."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.palette import BLACK, WHITE, Rgb, class_colour, contrast_ratio, text_colour

channels = st.integers(0, 255)
colours = st.builds(Rgb, channels, channels, channels)
# https://www.w3.org/TR/WCAG22/#contrast-minimum
READABLE = 4.5


@given(colours)
def test_text_is_readable_on_any_background(background: Rgb) -> None:
    """Black or white, whichever is chosen has the contrast that WCAG asks for."""
    colour = text_colour(background)

    assert contrast_ratio(colour, background) >= READABLE


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (BLACK, BLACK, 1.0),
        (BLACK, WHITE, 21.0),
        (WHITE, BLACK, 21.0),
        (Rgb(118, 118, 118), WHITE, 4.54),
        (Rgb(255, 0, 0), WHITE, 4.0),
    ],
)
def test_contrast_is_that_of_wcag(first: Rgb, second: Rgb, expected: float) -> None:
    """Known pairs have their known contrast."""
    assert contrast_ratio(first, second) == pytest.approx(expected, abs=0.005)


@given(st.integers(-(2**31), 2**31))
def test_every_class_has_a_colour_that_shows_on_a_dark_picture(class_id: int) -> None:
    """Whatever the id, its colour stands out from black."""
    colour = class_colour(class_id)

    assert contrast_ratio(colour, BLACK) >= READABLE


def test_classes_of_one_model_differ_in_colour() -> None:
    """No two of COCO's ids share a colour, and the first ten are far apart."""
    everything = [class_colour(class_id) for class_id in range(1, 91)]
    distances = [
        sum(abs(a - b) for a, b in zip(first, second, strict=True))
        for first, second in itertools.combinations(everything[:10], 2)
    ]

    assert len(set(everything)) == len(everything)
    assert min(distances) > 60
