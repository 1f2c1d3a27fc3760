"""Replacing a file at once."""

from pathlib import Path

import pytest

from pipeline.atomic_file import write_atomically, write_if_changed


@pytest.mark.parametrize("before", [None, "old\n"])
def test_a_file_gets_its_new_content_and_leaves_nothing_beside_it(
    tmp_path: Path, before: str | None
) -> None:
    """New and existing files end up the same."""
    path = tmp_path / "models.config"
    if before is not None:
        path.write_text(before, encoding="utf-8")

    write_atomically(path, "neu: ä\r\n")

    assert path.read_bytes() == "neu: ä\r\n".encode()
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_leaves_the_old_content(tmp_path: Path) -> None:
    """Whoever cannot write the new content keeps the old, and the next call can."""
    path = tmp_path / "models.config"
    path.write_text("old", encoding="utf-8")

    with pytest.raises(UnicodeEncodeError):
        write_atomically(path, "\udc80")

    assert path.read_text(encoding="utf-8") == "old"
    write_atomically(path, "new")
    assert path.read_text(encoding="utf-8") == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_with_that_content_already_is_not_touched(tmp_path: Path) -> None:
    """Whoever watches the file sees no change where there is none."""
    path = tmp_path / "models.config"

    changes = [write_if_changed(path, text) for text in ("a", "a", "b")]
    before = path.stat()
    unchanged = write_if_changed(path, "b")

    assert changes == [True, False, True]
    assert not unchanged
    assert path.stat().st_ino == before.st_ino
