"""The forms in which answers are printed."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from sightline.answers import Answer, Explained
from sightline.writers import FORMATS
from sightline.writers.tabular import COLUMNS
from vision import ClassScore, Detection

DOG = Detection("dog", 0.912345, 18, (1.25, 2.0, 3.0, 4.5))
PERSON = Detection("=person", 0.5, 1, (0.0, 0.0, 8.0, 6.0))
FOUND = Answer(
    file="a.jpg", width=8, height=6, model="toy", version=3, task="detection",
    objects=(DOG, PERSON),
)  # fmt: skip
NOTHING = replace(FOUND, file="b.jpg", objects=())
NAMED = Answer(
    file="a.jpg", width=8, height=6, model="namer", version=None, task="classification",
    classes=(ClassScore("tabby", 0.75, 4),),
    explained=Explained("tabby", 4, 0.75, "why/a.jpg"),
)  # fmt: skip


def written(form: str, *pictures: Sequence[Answer]) -> str:
    out = io.StringIO(newline="")
    writer = FORMATS[form](out)
    for answers in pictures:
        writer.write(answers)
    writer.close()
    return out.getvalue()


@pytest.mark.parametrize("answer", [FOUND, NOTHING, NAMED])
def test_json_lines_say_everything(answer: Answer) -> None:
    """An answer can be read back from its line."""
    (line,) = written("jsonl", [answer]).splitlines()

    assert Answer.from_fields(json.loads(line)) == answer


def test_csv_has_a_row_for_each_object_and_class() -> None:
    """Boxes in four columns, empty for classes; no picture without a finding has a row."""
    rows = list(csv.reader(io.StringIO(written("csv", [FOUND], [NOTHING], [NAMED]))))

    assert rows[0] == list(COLUMNS)
    assert rows[1] == [
        "a.jpg", "", "8", "6", "toy", "3", "dog", "18", "0.912345", "1.25", "2.0", "3.0", "4.5", "",
    ]  # fmt: skip
    assert rows[2][6] == "'=person"
    assert rows[3] == ["a.jpg", "", "8", "6", "namer", "", "tabby", "4", "0.75", *[""] * 5]
    assert rows[4][6:] == ["tabby", "4", "0.75", "", "", "", "", "why/a.jpg"]
    assert len(rows) == 5


@pytest.mark.parametrize("pictures", [[], [[NOTHING]], [[FOUND]], [[FOUND], [NOTHING], [FOUND]]])
def test_coco_is_whole_however_many_pictures_there_are(pictures: list[list[Answer]]) -> None:
    """Also with none; ids count from 1 and lead to each other."""
    coco: dict[str, Any] = json.loads(written("coco", *pictures))

    objects = [each for answers in pictures for each in answers[0].objects]
    assert [image["id"] for image in coco["images"]] == list(range(1, len(pictures) + 1))
    assert [row["id"] for row in coco["annotations"]] == list(range(1, len(objects) + 1))
    assert [row["score"] for row in coco["annotations"]] == [each.score for each in objects]
    assert {row["category_id"] for row in coco["annotations"]} == {
        row["id"] for row in coco["categories"]
    }


def test_coco_boxes_have_a_corner_and_a_size() -> None:
    """Left, top, width, height, and the area."""
    row = json.loads(written("coco", [FOUND]))["annotations"][0]

    assert row["bbox"] == [1.25, 2.0, 1.75, 2.5]
    assert row["area"] == 4.38
    assert row["image_id"] == 1


def test_table_says_when_nothing_was_found() -> None:
    """Rather than nothing."""
    assert written("table", [NOTHING]) == "b.jpg  8 x 6\n  toy version 3\n  nothing found\n"


def test_table_sets_models_side_by_side() -> None:
    """A column each, however many lines it has."""
    assert written("table", [NAMED, FOUND]) == (
        "a.jpg  8 x 6\n"
        "  namer                          toy version 3\n"
        "  tabby   75.0%                  dog       91.2%  x 1 to 3, y 2 to 4\n"
        "  tabby explained in why/a.jpg   =person   50.0%  x 0 to 8, y 0 to 6\n"
    )


def test_table_moves_no_cursor() -> None:
    """What a terminal would obey is spelled out."""
    text = written("table", [replace(NOTHING, file="a\x1b[2J\n.jpg")])

    assert text.startswith("a\\x1b[2J\\n.jpg  8 x 6\n")
