"""Data sets in COCO's form."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.evaluate.dataset import Dataset, TrueBox
from pipeline.exceptions import EvaluationError

FIELDS: dict[str, Any] = {
    "images": [{"id": 7, "file_name": "a.jpg"}, {"id": 8, "file_name": "b.jpg"}],
    "annotations": [
        {"image_id": 8, "category_id": 18, "bbox": [1, 2, 3, 4], "area": 5, "iscrowd": 1},
        {"image_id": 7, "category_id": 18, "bbox": [1, 2, 3, 4]},
    ],
    "categories": [{"id": 18, "name": "dog"}],
}


def _row(**changes: Any) -> dict[str, Any]:
    return {"image_id": 7, "category_id": 18, "bbox": [1, 2, 3, 4], **changes}


def _write(folder: Path, text: str) -> None:
    (folder / "images").mkdir()
    for name in ("a.jpg", "b.jpg"):
        (folder / "images" / name).touch()
    (folder / "instances.json").write_text(text, encoding="utf-8")


def test_pictures_categories_and_boxes_are_read(tmp_path: Path) -> None:
    """Area and crowd are taken where they stand, and made up for where they do not."""
    _write(tmp_path, json.dumps(FIELDS))

    dataset = Dataset.load(tmp_path)

    assert dataset.pictures == {7: tmp_path / "images/a.jpg", 8: tmp_path / "images/b.jpg"}
    assert dataset.categories == {18: "dog"}
    assert dataset.ids == {"dog": 18}
    assert dataset.boxes[0].xyxy == (1.0, 2.0, 4.0, 6.0)
    assert dataset.boxes == (
        TrueBox(8, 18, (1.0, 2.0, 3.0, 4.0), 5.0, is_crowd=True),
        TrueBox(7, 18, (1.0, 2.0, 3.0, 4.0), 12.0, is_crowd=False),
    )


def test_a_limit_takes_the_first_pictures_and_their_boxes(tmp_path: Path) -> None:
    """Boxes of pictures that are not looked at would count as missed."""
    _write(tmp_path, json.dumps(FIELDS))

    dataset = Dataset.load(tmp_path, limit=1)

    assert list(dataset.pictures) == [7]
    assert [box.image_id for box in dataset.boxes] == [7]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "null",
        json.dumps(FIELDS | {"images": None}),
        json.dumps(FIELDS | {"images": [{"id": 7}]}),
        json.dumps(FIELDS | {"images": ["a.jpg"]}),
        json.dumps(FIELDS | {"categories": [{"id": "x", "name": "dog"}]}),
        json.dumps(FIELDS | {"annotations": [{"image_id": 7, "category_id": 1, "bbox": [1]}]}),
        json.dumps(FIELDS | {"annotations": [{"image_id": 7, "category_id": 1, "bbox": None}]}),
        json.dumps(FIELDS | {"annotations": [_row(bbox=[0, 0, float("nan"), 1])]}),
        json.dumps(FIELDS | {"annotations": [_row(bbox=[float("inf"), 0, 1, 1])]}),
        json.dumps(FIELDS | {"annotations": [_row(bbox=[0, 0, -1, 1])]}),
        json.dumps(FIELDS | {"annotations": [_row(category_id=19)]}),
        json.dumps(FIELDS | {"images": [FIELDS["images"][0]] * 2}),
        json.dumps(FIELDS | {"categories": [{"id": 18, "name": "dog"}, {"id": 19, "name": "dog"}]}),
        json.dumps(FIELDS | {"categories": [{"id": 18, "name": "dog"}, {"id": 18, "name": "cat"}]}),
    ],
)
def test_another_form_is_one_sentence(tmp_path: Path, text: str) -> None:
    """Whatever is wrong with the file, the message names it."""
    _write(tmp_path, text)

    with pytest.raises(EvaluationError, match=r"instances\.json is not in COCO's form"):
        Dataset.load(tmp_path)


def test_a_missing_picture_is_found_before_anything_is_measured(tmp_path: Path) -> None:
    """The message names the file."""
    _write(tmp_path, json.dumps(FIELDS))
    (tmp_path / "images" / "b.jpg").unlink()

    with pytest.raises(EvaluationError, match=r"picture that is not there: .*b\.jpg"):
        Dataset.load(tmp_path)


def test_a_folder_without_a_data_set_is_one_sentence(tmp_path: Path) -> None:
    """The wrong folder is a likely mistake."""
    with pytest.raises(EvaluationError, match=r"Cannot read .*instances\.json"):
        Dataset.load(tmp_path)
