"""Labelled pictures, as people have them in folders."""

from pathlib import Path

import pytest

from pipeline.exceptions import OptimiseError
from pipeline.optimise.pictures import drawn_pictures, pictures_with_classes
from vision import Labels, decode_picture

LABELS = Labels({0: "tabby", 1: "hot dog", 2: "crane", 3: "crane"})


def test_a_folder_for_each_class_is_read(tmp_path: Path) -> None:
    """By name, with underscores for spaces, or by id; a name of two classes means either."""
    for label, name in (("Hot_Dog", "a.JPG"), ("0", "b.png"), ("crane", "c.jpeg")):
        (tmp_path / label).mkdir()
        (tmp_path / label / name).write_bytes(b"picture")
    (tmp_path / "0" / "notes.txt").write_text("no picture")

    pictures = pictures_with_classes(tmp_path, LABELS, None)

    assert [(each.name, each.classes) for each in pictures.pictures] == [
        ("b.png", frozenset({0})),
        ("a.JPG", frozenset({1})),
        ("c.jpeg", frozenset({2, 3})),
    ]


def test_a_table_is_read(tmp_path: Path) -> None:
    """`labels.csv` names files beside it; a label may be one of several, or left out."""
    (tmp_path / "one.jpg").write_bytes(b"picture")
    (tmp_path / "labels.csv").write_text(
        "file,label,by\none.jpg,tabby|2,me\none.jpg,,\n", encoding="utf-8"
    )

    pictures = pictures_with_classes(tmp_path, LABELS, None)

    assert [(each.name, each.classes) for each in pictures.pictures] == [
        ("one.jpg", frozenset({0, 2})),
        ("one.jpg", None),
    ]
    assert pictures.origin.endswith(", 1 of them labelled")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("file,label\n", "no labelled pictures"),
        ("picture,class\na.jpg,tabby\n", "columns file and label"),
        ("file,label\nmissing.jpg,tabby\n", "Cannot read .*missing.jpg"),
        ("file,label\na.jpg,zebra\n", "'zebra', which is no class of the model"),
    ],
)
def test_what_is_wrong_with_a_table_is_said(tmp_path: Path, content: str, message: str) -> None:
    """In a sentence, before anything is made."""
    (tmp_path / "labels.csv").write_text(content, encoding="utf-8")

    with pytest.raises(OptimiseError, match=message):
        pictures_with_classes(tmp_path, LABELS, None)


def test_a_folder_that_is_none_or_empty_is_refused(tmp_path: Path) -> None:
    """The message says what is expected."""
    with pytest.raises(OptimiseError, match="is no folder of pictures"):
        pictures_with_classes(tmp_path / "nowhere", LABELS, None)
    with pytest.raises(OptimiseError, match="a folder of JPEG or PNG files for each class"):
        pictures_with_classes(tmp_path, LABELS, None)


def test_scenes_are_drawn_for_want_of_pictures() -> None:
    """The same each time, and nobody claims to know what they show."""
    first, again = drawn_pictures(2), drawn_pictures(2)

    assert first == again
    assert [each.classes for each in first.pictures] == [None, None]
    assert all(max(decode_picture(each.data).original_size_wh) == 416 for each in first.pictures)
