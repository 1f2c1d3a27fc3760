"""Putting a report into a folder."""

from pathlib import Path

import pytest

from pipeline.evaluate.report_folder import check_replaceable, replace_report
from pipeline.exceptions import EvaluationError

FILES = {"report.html": b"new", "report.json": b'{"form": "sightline-evaluation"}'}


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_folder_is_made_with_its_parents(tmp_path: Path) -> None:
    """Nothing else is left beside it."""
    replace_report(tmp_path / "a" / "b", FILES)

    assert _names(tmp_path / "a" / "b") == ["report.html", "report.json"]
    assert _names(tmp_path / "a") == ["b"]


def test_a_former_report_is_replaced_whole(tmp_path: Path) -> None:
    """Files that the new one lacks go, and what a crash left is cleared up."""
    folder = tmp_path / "report"
    replace_report(folder, {**FILES, "worst.jpg": b"old", "report.html": b"old"})
    for left in (".report.new", ".report.old"):
        (tmp_path / left).mkdir()
        (tmp_path / left / "report.html").touch()

    replace_report(folder, FILES)

    assert _names(folder) == ["report.html", "report.json"]
    assert (folder / "report.html").read_bytes() == b"new"
    assert _names(tmp_path) == ["report"]


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    """Also through a link, which stays."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "empty")

    replace_report(tmp_path / "link", FILES)

    assert _names(tmp_path / "empty") == ["report.html", "report.json"]
    assert (tmp_path / "link").is_symlink()


@pytest.mark.parametrize(
    "files",
    [
        {"thesis.tex": "x"},
        {**dict.fromkeys(FILES, '{"form": "sightline-evaluation"}'), "thesis.tex": "x"},
        {"report.html": "x"},
        {"report.json": "x"},
        {"report.json": "[]"},
        {"report.json": '{"form": "other"}'},
    ],
    ids=["other", "other beside", "page alone", "no json", "a list", "another form"],
)
def test_files_of_somebody_else_are_never_touched(tmp_path: Path, files: dict[str, str]) -> None:
    """The message says so before anything is measured, and again before anything is written."""
    folder = tmp_path / "mine"
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")

    with pytest.raises(EvaluationError, match="choose another folder"):
        check_replaceable(folder)
    with pytest.raises(EvaluationError, match="choose another folder"):
        replace_report(folder, FILES)

    assert {name: (folder / name).read_text(encoding="utf-8") for name in _names(folder)} == files


def test_what_is_no_folder_is_never_touched(tmp_path: Path) -> None:
    """A file, or a link that leads nowhere."""
    (tmp_path / "file").write_text("x", encoding="utf-8")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")

    for name, complaint in (("file", "is no folder"), ("link", "leads nowhere")):
        with pytest.raises(EvaluationError, match=complaint):
            check_replaceable(tmp_path / name)

    assert _names(tmp_path) == ["file", "link"]


def test_a_folder_in_the_way_is_named(tmp_path: Path) -> None:
    """Somebody's own folder may have the name of our passing one."""
    (tmp_path / ".report.new").mkdir()
    (tmp_path / ".report.new" / "thesis.tex").touch()

    with pytest.raises(EvaluationError, match="in the way"):
        replace_report(tmp_path / "report", FILES)

    assert _names(tmp_path / ".report.new") == ["thesis.tex"]
