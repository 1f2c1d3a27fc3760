"""The memory of a run."""

from pathlib import Path

import pytest

from sightline.answers import Answer
from sightline.exceptions import UsageError
from sightline.journal import open_journal
from sightline.sources import Source
from vision import Detection

RUN = {"command": "detect", "models": ["toy"], "threshold": None}
DOG = Detection("dog", 0.9, 18, (1.0, 2.0, 3.0, 4.5))
PICTURE = Source("photos/dog.jpg", 100, 7)


def answer(file: str) -> Answer:
    return Answer(
        file=file, width=8, height=6, model="toy", version=1, task="detection", objects=(DOG,)
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A journal of one picture."""
    path = tmp_path / "journal"
    with open_journal(path, RUN) as journal:
        journal.add(PICTURE, (answer(PICTURE.file),))
    return path


def test_answers_are_found_again(path: Path) -> None:
    """By the next run, with everything that was said."""
    with open_journal(path, RUN) as journal:
        assert journal.find(PICTURE) == (answer(PICTURE.file),)
        assert journal.find(Source("photos/cat.jpg", 100, 7)) is None


def test_answers_are_found_whatever_was_added_since(path: Path) -> None:
    """Looking and adding take turns in the same file."""
    with open_journal(path, RUN) as journal:
        for number in range(20):
            journal.add(Source(f"{number}.jpg", 1, 1), (answer(f"{number}.jpg"),))
            assert journal.find(PICTURE) == (answer(PICTURE.file),)

    with open_journal(path, RUN) as journal:
        found = [journal.find(Source(f"{number}.jpg", 1, 1)) for number in range(20)]
    assert [each[0].file for each in found if each] == [f"{number}.jpg" for number in range(20)]


@pytest.mark.parametrize("changed", [Source(PICTURE.file, 101, 7), Source(PICTURE.file, 100, 8)])
def test_a_changed_picture_is_looked_at_again(path: Path, changed: Source) -> None:
    """Size or time of change is another; the newer answer is the one that counts."""
    with open_journal(path, RUN) as journal:
        assert journal.find(changed) is None
        journal.add(changed, (answer("newer"),))

    with open_journal(path, RUN) as journal:
        assert journal.find(changed) == (answer("newer"),)
        assert journal.find(PICTURE) is None


@pytest.mark.parametrize("cut", [1, 5, 60])
def test_a_line_that_is_not_whole_is_cut_off(path: Path, cut: int) -> None:
    """As a crash leaves it; the run goes on behind the last whole line."""
    whole = path.read_bytes()
    with open_journal(path, RUN) as journal:
        journal.add(Source("next.jpg", 1, 1), (answer("next.jpg"),))
    path.write_bytes(path.read_bytes()[:-cut])

    with open_journal(path, RUN) as journal:
        assert journal.find(Source("next.jpg", 1, 1)) is None
        assert journal.find(PICTURE) is not None
    assert path.read_bytes() == whole


def test_a_first_line_that_is_not_whole_is_begun_anew(path: Path) -> None:
    """As a crash right at the start leaves it."""
    path.write_bytes(path.read_bytes()[:30])

    with open_journal(path, RUN) as journal:
        assert journal.find(PICTURE) is None


@pytest.mark.parametrize(
    "content", ["no journal", "no journal\n", '{"sightline_journal": 1}\n', "[]\n"]
)
def test_another_file_is_no_journal(path: Path, content: str) -> None:
    """It is named, and stays as it is."""
    path.write_text(content)

    with pytest.raises(UsageError, match="is not a journal of sightline"), open_journal(path, RUN):
        pass

    assert path.read_text() == content


def test_a_damaged_line_is_named(path: Path) -> None:
    """By its number."""
    path.write_bytes(path.read_bytes() + b"{}\n")

    with pytest.raises(UsageError, match=r"Line 3 of .*journal is not one of a journal\."):
        open_journal(path, RUN).__enter__()


def test_the_journal_of_another_run_is_refused(path: Path) -> None:
    """With what is different, there and here."""
    with (
        pytest.raises(UsageError, match=r"there threshold is None, here it is 0\.5"),
        open_journal(path, {**RUN, "threshold": 0.5}),
    ):
        pass


def test_a_journal_in_use_is_refused(path: Path) -> None:
    """Two runs would write over each other."""
    with (
        open_journal(path, RUN),
        pytest.raises(UsageError, match="is in use by another run"),
        open_journal(path, RUN),
    ):
        pass
