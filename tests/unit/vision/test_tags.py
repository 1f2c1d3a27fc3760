"""What stands on name tags, and where they go."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from vision import Detections
from vision.boxes import overlap_xyxy
from vision.tags import Lettering, Tag, place_tags

PICTURE_WH = (640, 480)


def found(boxes_xyxy: NDArray[np.int64], label: str = "dog") -> Detections:
    """Return one detection a box, the first the most certain."""
    count = len(boxes_xyxy)
    return Detections(
        xyxy=boxes_xyxy.astype(np.float32),
        class_ids=np.arange(count),
        scores=np.linspace(0.9, 0.5, count, dtype=np.float32),
        labels=(label,) * count,
    )


def tags_for(*boxes: tuple[int, int, int, int], label: str = "dog") -> list[Tag]:
    boxes_xyxy = np.array(boxes, dtype=np.int64).reshape(-1, 4)
    return place_tags(found(boxes_xyxy, label), boxes_xyxy, Lettering(PICTURE_WH), PICTURE_WH)


@st.composite
def some_boxes(draw: st.DrawFn) -> NDArray[np.int64]:
    boxes = []
    for _ in range(draw(st.integers(0, 12))):
        x, y = draw(st.integers(0, 639)), draw(st.integers(0, 479))
        boxes.append((x, y, draw(st.integers(x + 1, 640)), draw(st.integers(y + 1, 480))))
    return np.array(boxes, dtype=np.int64).reshape(-1, 4)


@pytest.mark.parametrize(
    ("label", "widest", "expected"),
    [
        ("", "dog 87%", "87%"),
        ("dog", "dog 87%", "dog 87%"),
        ("dogs", "dog 87%", "d… 87%"),
        ("traffic light", "traffic l… 87%", "traffic l… 87%"),
        ("traffic light", "traffic … 87%", "traffic… 87%"),
        ("a" * 10_000, "aaa… 87%", "aaa… 87%"),
        ("dog", "87%", "87%"),
        ("dog", "87", None),
        ("Crème brûlée", "Creme brulee 87%", "Creme brulee 87%"),
        ("two\nlines\tand\x00more", "two lines and more 87%", "two lines and more 87%"),
        ("犬", "dog 87%", "87%"),
        ("\ud800", "dog 87%", "87%"),
    ],
)
def test_text_is_fitted_to_the_width(label: str, widest: str, expected: str | None) -> None:
    """The label gives way before the percentage, and letters the font lacks are left out."""
    lettering = Lettering(PICTURE_WH)

    text = lettering.fitted(label, "87%", width_max=lettering.plate_width(widest))

    assert text == expected


@given(label=st.text(), width_max=st.integers(1, 700))
def test_any_text_fits_its_plate(label: str, width_max: int) -> None:
    """Whatever the label, its plate is no wider than allowed and its text can be drawn."""
    lettering = Lettering(PICTURE_WH)

    text = lettering.fitted(label, "87%", width_max=width_max)

    if text is not None:
        assert lettering.plate_width(text) <= width_max
        assert text.isprintable()
        assert text.endswith("87%")


def test_letters_grow_with_the_picture() -> None:
    """A tag takes about the same share of a small picture and of a large one."""
    heights = [Lettering((side, side)).plate_height for side in (10, 500, 1000, 4000)]

    assert heights == sorted(heights)
    assert 15 <= heights[0] < 30
    assert heights[3] == pytest.approx(4 * heights[2], rel=0.1)


@pytest.mark.parametrize(
    ("box", "edge"),
    [
        ((100, 100, 300, 300), "above"),
        ((100, 0, 300, 300), "inside"),
        ((0, 0, 640, 480), "inside"),
        ((600, 100, 640, 300), "above"),
    ],
)
def test_a_single_tag_sits_at_the_top_of_its_box(box: tuple[int, int, int, int], edge: str) -> None:
    """It stands on the box, or where the picture ends there, inside the box."""
    (tag,) = tags_for(box)

    x_min, y_min, x_max, y_max = tag.plate_xyxy
    assert y_max == box[1] if edge == "above" else y_min == box[1]
    assert x_min == box[0] or x_max == box[2]


def test_tags_of_equal_boxes_stand_apart() -> None:
    """The more certain one has the better place."""
    box = (100, 100, 300, 300)

    first, second = tags_for(box, box)

    assert first.plate_xyxy[3] == 100
    assert first.plate_xyxy != second.plate_xyxy


def test_a_tag_does_not_hide_a_small_box_if_it_need_not() -> None:
    """Where something small lies above a box, the tag of the box goes elsewhere."""
    large, small = (100, 100, 300, 300), (105, 90, 115, 98)

    tag, _ = tags_for(large, small)

    assert not overlap_xyxy([tag.plate_xyxy], [small]).any()


def test_what_finds_no_free_place_gets_no_tag() -> None:
    """Many detections in one place keep their boxes; only some keep a tag."""
    boxes = [(100, 100, 140, 140)] * 50

    tags = tags_for(*boxes)

    assert 1 <= len(tags) < 50
    assert [tag.class_id for tag in tags] == list(range(len(tags)))


@given(some_boxes())
def test_tags_lie_in_the_picture_and_not_on_each_other(boxes_xyxy: NDArray[np.int64]) -> None:
    """However boxes lie, each tag can be read."""
    tags = place_tags(found(boxes_xyxy), boxes_xyxy, Lettering(PICTURE_WH), PICTURE_WH)

    plates = np.array([tag.plate_xyxy for tag in tags], dtype=np.int64).reshape(-1, 4)
    assert (plates[:, :2] >= 0).all()
    assert (plates[:, 2:] <= PICTURE_WH).all()
    overlaps = overlap_xyxy(plates, plates)
    np.fill_diagonal(overlaps, 0)
    assert not overlaps.any()
    assert len(tags) == len(boxes_xyxy) or len(tags) >= 1


@pytest.mark.parametrize("picture_wh", [(8, 8), (640, 50), (30, 640)])
def test_a_picture_too_small_for_text_gets_none(picture_wh: tuple[int, int]) -> None:
    """Boxes alone say more than letters that cover them."""
    boxes_xyxy = np.array([[0, 0, *picture_wh]])

    tags = place_tags(found(boxes_xyxy), boxes_xyxy, Lettering(picture_wh), picture_wh)

    assert tags == []
