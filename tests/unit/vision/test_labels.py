"""The class names and their text form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision import Labels, LabelsError

names = st.text(st.characters(codec="utf-8"), min_size=1).filter(
    lambda name: name == name.strip() and len(name.splitlines()) == 1
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("\n  \n# 1 person\n", {}),
        ("\ufeff1 person\r\n3 car\r\n", {1: "person", 3: "car"}),
        ("  90   hair drier  \n0 background", {90: "hair drier", 0: "background"}),
        ("1\tperson", {1: "person"}),
        ("1 # of things", {1: "# of things"}),
        ("7 Fußgänger\n8 犬", {7: "Fußgänger", 8: "犬"}),
    ],
)
def test_text_is_parsed(text: str, expected: dict[int, str]) -> None:
    """Gaps, any order, comments, empty lines and Windows line ends are all fine."""
    labels = Labels.parse(text)

    assert labels == Labels(expected)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 person\ndog", "line 2: expected '<id> <name>', got 'dog'"),
        ("1", "line 1: expected '<id> <name>', got '1'"),
        ("-1 person", "line 1: expected"),
        ("1.5 person", "line 1: expected"),
        ("² person", "line 1: expected"),
        ("9" * 5000 + " person", "line 1: expected"),
        ("1 person\n\n1 dog", "line 3: class 1 is there twice"),
    ],
)
def test_a_line_of_another_form_is_refused(text: str, message: str) -> None:
    """The message has the number of the line."""
    with pytest.raises(LabelsError) as caught:
        Labels.parse(text)

    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("class_id", [-1, 0, 2, 10**9])
def test_an_unknown_class_is_named_by_its_id(class_id: int) -> None:
    """Looking up a class that has no name is no error."""
    labels = Labels({1: "person"})

    assert labels[class_id] == f"class {class_id}"


@pytest.mark.parametrize(
    "names", [{-1: "person"}, {1: ""}, {1: " dog"}, {1: "a\nb"}, {1: "a\x85b"}]
)
def test_names_that_the_text_form_cannot_hold_are_refused(names: dict[int, str]) -> None:
    """Only what can be written and read back is accepted."""
    with pytest.raises(LabelsError):
        Labels(names)


@given(st.dictionaries(st.integers(0, 10**6), names))
def test_text_form_round_trips(names: dict[int, str]) -> None:
    """Labels written and read back are equal."""
    labels = Labels(names)

    assert Labels.parse(labels.to_text()) == labels


def test_labels_do_not_change_with_the_mapping_they_came_from() -> None:
    """The names are copied."""
    names = {1: "person"}

    labels = Labels(names)
    names[1] = "dog"

    assert labels[1] == "person"
