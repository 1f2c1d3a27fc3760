"""The size policies."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision import Resize

sides = st.integers(min_value=1, max_value=100_000)


@pytest.mark.parametrize(
    ("resize", "size_wh", "expected_wh"),
    [
        (Resize("none"), (1, 100_000), (1, 100_000)),
        (Resize("stretch", 300, 200), (1, 100_000), (300, 200)),
        (Resize("stretch", 300, 200), (7, 5), (300, 200)),
        (Resize("fit", 300, 300), (1, 100_000), (1, 300)),
        (Resize("fit", 300, 300), (100_000, 1), (300, 1)),
        (Resize("fit", 300, 200), (600, 600), (200, 200)),
        (Resize("fit", 300, 200), (299, 10), (299, 10)),
        (Resize("fit", 300, 200), (3000, 1000), (300, 100)),
    ],
)
def test_target_size_follows_the_method(
    resize: Resize, size_wh: tuple[int, int], expected_wh: tuple[int, int]
) -> None:
    """Each method gives the size it promises, extreme shapes included."""
    target_wh = resize.target_wh(size_wh)

    assert target_wh == expected_wh


@given(width=sides, height=sides, box_width=sides, box_height=sides)
def test_fit_stays_inside_and_never_enlarges(
    width: int, height: int, box_width: int, box_height: int
) -> None:
    """A fitted picture has no empty side and exceeds neither the box nor its own size."""
    target = Resize("fit", box_width, box_height).target_wh((width, height))

    assert 1 <= target[0] <= min(width, box_width)
    assert 1 <= target[1] <= min(height, box_height)


@pytest.mark.parametrize(
    ("method", "width", "height", "key"),
    [
        ("crop", 300, 300, "method"),
        ("stretch", 0, 300, "width"),
        ("stretch", 300, -1, "height"),
        ("fit", 0, 0, "width"),
        ("none", 300, 0, "width"),
        ("none", 0, 300, "height"),
    ],
)
def test_a_size_that_does_not_suit_the_method_is_refused(
    method: str, width: int, height: int, key: str
) -> None:
    """The message begins with what is wrong."""
    with pytest.raises(ValueError, match=f"^{key}: expected .*, got"):
        Resize(method, width, height)  # type: ignore[arg-type]  # a wrong method is the point
