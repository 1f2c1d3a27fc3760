"""Boxes and tags, drawn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from vision import Detections, draw_detections
from vision.palette import class_colour, contrast_ratio, text_colour

Box = tuple[float, float, float, float]


def found(*boxes: Box, labels: tuple[str, ...] | None = None) -> Detections:
    """Return one detection a box, the first the most certain, its class id its place."""
    count = len(boxes)
    return Detections(
        xyxy=np.array(boxes, dtype=np.float32).reshape(-1, 4),
        class_ids=np.arange(count),
        scores=np.linspace(0.9, 0.5, count, dtype=np.float32),
        labels=labels or ("dog",) * count,
    )


def grey(width: int, height: int, shade: int = 128) -> NDArray[np.uint8]:
    return np.full((height, width, 3), shade, dtype=np.uint8)


def is_colour(image_hwc: NDArray[np.uint8], class_id: int) -> NDArray[np.bool_]:
    """Return where the picture has exactly the colour of a class; shape [H, W]."""
    return np.asarray((image_hwc == class_colour(class_id)).all(axis=-1))


def test_nothing_found_changes_nothing() -> None:
    """Without detections the picture comes back as it was."""
    picture = grey(64, 48)

    drawn = draw_detections(picture, found())

    np.testing.assert_array_equal(drawn, picture)


def test_the_picture_given_stays_as_it_was() -> None:
    """What is drawn into is a copy."""
    picture = grey(640, 480)

    drawn = draw_detections(picture, found((100, 100, 300, 300)))

    assert (drawn != picture).any()
    assert (picture == 128).all()


@pytest.mark.parametrize(
    "image_hwc",
    [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.float32), np.zeros((0, 4, 3), np.uint8)],
)
def test_what_is_no_picture_is_refused(image_hwc: NDArray[np.uint8]) -> None:
    """Only RGB of bytes can be drawn into."""
    with pytest.raises(ValueError, match=r"expected a picture of uint8 \[H, W, 3\]"):
        draw_detections(image_hwc, found())


@given(
    size_wh=st.tuples(st.integers(1, 120), st.integers(1, 60)),
    corners=st.tuples(*[st.floats(-50, 200, width=32)] * 4),
)
def test_pixels_outside_a_box_stay_as_they_were(size_wh: tuple[int, int], corners: Box) -> None:
    """Where there is no room for text, only pixels of the box change, and some do."""
    x_min, x_max = sorted(corners[:2])
    y_min, y_max = sorted(corners[2:])
    picture = grey(*size_wh)

    drawn = draw_detections(picture, found((x_min, y_min, x_max, y_max)))

    rows, columns = (drawn != picture).any(axis=-1).nonzero()
    assert len(rows) >= 1
    assert rows.min() >= min(round(y_min), size_wh[1] - 1)
    assert rows.max() <= max(round(y_max) - 1, round(y_min), 0)
    assert columns.min() >= min(round(x_min), size_wh[0] - 1)
    assert columns.max() <= max(round(x_max) - 1, round(x_min), 0)


def test_a_box_and_its_tag_are_all_that_changes() -> None:
    """The inside of the box and everything around box and tag keep their pixels."""
    picture = grey(640, 480)

    drawn = draw_detections(picture, found((200, 200, 400, 300)))

    changed = (drawn != picture).any(axis=-1)
    rows, columns = changed.nonzero()
    assert (columns.min(), columns.max()) == (200, 399)
    assert rows.max() == 299
    assert 170 < rows.min() < 190
    assert changed[200, 200:400].all()
    assert not changed[210:290, 210:390].any()


def test_an_outline_is_set_off_by_darker_lines() -> None:
    """On a white picture and on a coloured one, the line has a dark neighbour on both sides."""
    drawn = draw_detections(grey(640, 480, 255), found((200, 200, 400, 300)))

    middle = drawn[250, 200:210].astype(int).sum(axis=-1)
    line = int(is_colour(drawn[250:251, 200:210], 0)[0].argmax())
    assert line >= 1
    assert middle[line - 1] < 255 * 3 * 0.7
    assert middle[line + 2] < 255 * 3 * 0.7


def test_boxes_are_scaled_from_the_original_to_the_picture() -> None:
    """On a picture that is not square, and shrunk unequally, x and y keep their own scale."""
    picture = grey(100, 50)

    drawn = draw_detections(picture, found((200, 100, 600, 150)), size_wh=(1000, 200))

    rows, columns = (drawn != picture).any(axis=-1).nonzero()
    assert (columns.min(), columns.max()) == (20, 59)
    assert (rows.min(), rows.max()) == (25, 37)


def test_the_more_certain_lies_on_top() -> None:
    """Of two boxes in one place, the line of the better one is seen."""
    box = (200.0, 200.0, 400.0, 300.0)

    drawn = draw_detections(grey(640, 480), found(box, box))

    line = drawn[250:251, 200:210]
    assert is_colour(line, 0).any()
    assert not is_colour(line, 1).any()


def test_text_on_a_tag_contrasts_with_its_plate() -> None:
    """The plate has the colour of the class, and letters in black or white stand out of it."""
    boxes = [
        (400.0 * column, 150 + 300 * row, 400.0 * column + 300, 300 + 300 * row)
        for row in range(3)
        for column in range(4)
    ]

    drawn = draw_detections(grey(1920, 1080), found(*boxes))

    for class_id, (x_min, y_min, _, _) in enumerate(boxes):
        colour = class_colour(class_id)
        plate = drawn[int(y_min) - 30 : int(y_min), int(x_min) : int(x_min) + 90]
        letters = (plate == text_colour(colour)).all(axis=-1)
        assert is_colour(plate, class_id).mean() > 0.5
        assert letters.sum() > 100
        assert contrast_ratio(text_colour(colour), colour) >= 4.5


@pytest.mark.parametrize("size_wh", [(1, 1), (8, 8), (1, 300), (300, 1), (4000, 12)])
def test_tiny_pictures_get_boxes_without_text(size_wh: tuple[int, int]) -> None:
    """There is a line of the colour of the class, and no text."""
    drawn = draw_detections(grey(*size_wh), found((0, 0, *size_wh)))

    assert is_colour(drawn, 0).any()
    assert not (drawn == 0).all(axis=-1).any()


@pytest.mark.parametrize(
    "box",
    [
        (-1000, -1000, 9000, 9000),
        (0, 0, 640, 480),
        (630, 470, 640, 480),
        (639.9, 479.9, 640, 480),
        (0, 0, 0, 0),
        (640, 480, 640, 480),
        (700, 500, 900, 900),
    ],
)
def test_boxes_at_and_beyond_the_edges_are_drawn_inside(box: Box) -> None:
    """Something of each box and its tag is seen, whatever lies outside the picture."""
    drawn = draw_detections(grey(640, 480), found(box))

    assert is_colour(drawn, 0).sum() > 100


@given(st.text())
def test_any_label_can_be_drawn(label: str) -> None:
    """Line breaks, control characters, other scripts and lone surrogates do no harm."""
    picture = grey(200, 100)

    drawn = draw_detections(picture, found((50, 50, 150, 90), labels=(label,)))

    assert drawn.shape == picture.shape


def test_many_detections_can_be_drawn() -> None:
    """A hundred boxes, as many as the zoo's models give, are all there."""
    boxes: list[Box] = [(6.0 * i, 40.0 + 4 * i, 6.0 * i + 40, 80.0 + 4 * i) for i in range(100)]

    drawn = draw_detections(grey(640, 480), found(*boxes))

    assert all(is_colour(drawn, class_id).any() for class_id in range(0, 100, 10))
