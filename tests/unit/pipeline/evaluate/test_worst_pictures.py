"""The pictures in which a detector goes most wrong, and how they are shown."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.evaluate.contact_sheet import FOUND_COLOUR, TRUE_COLOUR, contact_sheet
from pipeline.evaluate.dataset import Dataset, TrueBox
from pipeline.evaluate.detector import FoundBox
from pipeline.evaluate.hit_rule import HitRule
from pipeline.evaluate.picture_boxes import picture_boxes
from pipeline.evaluate.worst_pictures import ShownBox, WorstPicture, worst_pictures
from vision import encode_jpeg

PICTURES = {number: Path(f"{number}.jpg") for number in range(1, 6)}
FAR = (300.0, 300.0, 310.0, 310.0)


def _true(image_id: int, left: float = 0.0, *, is_crowd: bool = False) -> TrueBox:
    return TrueBox(image_id, 1, (left, 0.0, 10.0, 10.0), 100.0, is_crowd=is_crowd)


def _hit(score: float) -> FoundBox:
    return FoundBox("qr", score, (0.0, 0.0, 10.0, 10.0))


DATASET = Dataset(
    PICTURES,
    {1: "qr"},
    (_true(1), _true(2), _true(2, 50), _true(3), _true(4), _true(4, 50, is_crowd=True)),
)
FOUND = {
    1: [_hit(0.9)],  # all is well
    2: [_hit(0.9)],  # one missed
    3: [_hit(0.4), FoundBox("qr", 0.9, FAR)],  # missed at the threshold, and a false alarm
    4: [_hit(0.9), FoundBox("qr", 0.8, (50.0, 0.0, 60.0, 10.0))],  # only the crowd beside
    5: [FoundBox("qr", 0.6, FAR), FoundBox("qr", 0.5, FAR)],  # two false alarms: 1.1
}


def test_missed_boxes_and_certain_false_alarms_make_a_picture_bad() -> None:
    """A missed box weighs 1, a false alarm its score; what is right is not shown."""
    worst = worst_pictures(DATASET, picture_boxes(DATASET, FOUND), HitRule(), 0.5)

    named = [(each.path.name, each.missed, each.false_alarms) for each in worst]
    assert named == [("3.jpg", 1, 1), ("5.jpg", 0, 2), ("2.jpg", 1, 0)]
    assert [each.badness for each in worst] == pytest.approx([1.9, 1.1, 1.0])
    assert worst[0].true == (ShownBox("qr", (0.0, 0.0, 10.0, 10.0), is_wrong=True),)
    assert worst[0].found == (ShownBox("qr", FAR, is_wrong=True, score=0.9),)
    assert worst[0].to_dict()["file"] == "3.jpg"


def test_only_so_many_are_shown() -> None:
    """The worst ones."""
    worst = worst_pictures(DATASET, picture_boxes(DATASET, FOUND), HitRule(), 0.5, count_max=1)

    assert [each.path.name for each in worst] == ["3.jpg"]


def _share_of(image_hwc: np.ndarray, colour: tuple[int, int, int]) -> float:
    near = np.abs(image_hwc.astype(int) - np.array(colour)).max(axis=-1) < 40
    return float(near.mean())


def test_a_sheet_shows_true_and_found_boxes_in_two_colours(tmp_path: Path) -> None:
    """Both are there, the file is a JPEG, and odd names and boxes outside do not matter."""
    path = tmp_path / "a\n€😀 very long name that does not fit under its picture at all, by far.jpg"
    path.write_bytes(encode_jpeg(np.full((120, 200, 3), 128, dtype=np.uint8)))
    true = ShownBox("<b>qr</b>", (20.0, 20.0, 80.0, 80.0), is_wrong=True)
    found = ShownBox("qr" * 80, (-20.0, 100.0, 400.0, 100.0), is_wrong=True, score=0.5)

    sheet = contact_sheet([WorstPicture(path, (true,), (found,))] * 4)

    image = Image.open(io.BytesIO(sheet))
    pixels = np.asarray(image)
    empty = np.asarray(Image.open(io.BytesIO(contact_sheet([WorstPicture(path, (), ())] * 4))))
    assert image.format == "JPEG"
    assert image.width > image.height
    assert _share_of(pixels, TRUE_COLOUR) > 3 * _share_of(empty, TRUE_COLOUR)
    assert _share_of(pixels, FOUND_COLOUR) > 3 * _share_of(empty, FOUND_COLOUR)


def test_a_picture_that_only_a_server_can_read_leaves_its_place_empty(tmp_path: Path) -> None:
    """Its name and counts are there all the same."""
    path = tmp_path / "a.webp"
    path.write_bytes(b"RIFF")

    assert contact_sheet([WorstPicture(path, (), ())]).startswith(b"\xff\xd8")
