"""Which pictures are meant by what stands on the command line."""

import os
from pathlib import Path

import pytest

from sightline.sources import Failure, Kind, Selection, Source, sources


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with pictures at two levels, and things that are none."""
    for name in ("b.jpg", "a.PNG", "text.txt", "sub/c.jpeg", "sub/deeper/d.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"12345")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def found(
    *words: str, recursive: bool = False, without: str | None = None, only: Kind | None = None
) -> list[str]:
    folder = Path(without) if without else None
    selection = Selection(words, recursive=recursive, without=folder, only=only)
    return [each.file for each in sources(selection)]


@pytest.mark.parametrize(
    ("words", "files"),
    [
        (["."], ["a.PNG", "b.jpg"]),
        (["b.jpg", "a.PNG"], ["b.jpg", "a.PNG"]),
        (["text.txt"], ["text.txt"]),
        (["*.jpg"], ["b.jpg"]),
        (["**/*.jp*g"], ["b.jpg", "sub/c.jpeg", "sub/deeper/d.jpg"]),
        (["sub", "*"], ["sub/c.jpeg", "a.PNG", "b.jpg", "text.txt"]),
        (["b.jpg", "./b.jpg", "*.jpg", "."], ["b.jpg", "a.PNG"]),
    ],
)
def test_words_stand_for_files(words: list[str], files: list[str]) -> None:
    """Files as they are, folders and patterns sorted, each file once."""
    assert found(*words) == files


def test_folders_inside_folders_count_when_asked_for() -> None:
    """In the order of their names, among the files."""
    assert found(".", recursive=True) == ["a.PNG", "b.jpg", "sub/c.jpeg", "sub/deeper/d.jpg"]


def test_folder_of_drawings_does_not_count() -> None:
    """Whether it is found by walking or by a pattern."""
    assert found(".", recursive=True, without="sub/deeper") == ["a.PNG", "b.jpg", "sub/c.jpeg"]
    assert found("**/*.jpg", without="./sub/deeper") == ["b.jpg"]


def test_size_and_time_belong_to_a_source(folder: Path) -> None:
    """They tell later whether the file has changed."""
    os.utime(folder / "b.jpg", ns=(7, 8))

    assert list(sources(Selection(("b.jpg",)))) == [Source("b.jpg", 5, 8)]


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("empty", "empty"),
        ("gone.jpg", "missing"),
        ("*.gif", "missing"),
        ("b.jpg/c.jpg", "unreadable"),
        ("nul\0.jpg", "unreadable"),
        ("/dev/null", "no_file"),
    ],
)
def test_what_is_no_file_is_told_and_the_rest_goes_on(word: str, kind: str) -> None:
    """With a kind for programs and a sentence for people."""
    failure, picture = sources(Selection((word, "b.jpg")))

    assert isinstance(failure, Failure)
    assert (failure.file, failure.kind) == (word, kind)
    assert failure.sentence.endswith(".")
    assert picture.file == "b.jpg"


def test_a_file_may_be_called_like_a_pattern(folder: Path) -> None:
    """What is there is taken as it is."""
    (folder / "[1].jpg").write_bytes(b"")

    assert found("[1].jpg") == ["[1].jpg"]


def test_a_list_is_read_line_by_line() -> None:
    """Empty lines do not count, and nothing is read ahead."""
    lines = iter(["b.jpg\n", "\n", "a.PNG\r\n", "gone.jpg"])

    first = next(sources(Selection(("-",)), lines))

    assert first.file == "b.jpg"
    assert list(lines) == ["\n", "a.PNG\r\n", "gone.jpg"]


def test_links_are_not_walked_in_circles(folder: Path) -> None:
    """Links to the folder above are left out; two of them would never end."""
    (folder / "sub" / "up").symlink_to(folder)
    (folder / "sub" / "again").symlink_to(folder)

    assert found("sub", recursive=True) == ["sub/c.jpeg", "sub/deeper/d.jpg"]
    assert found("**/*.jp*g") == ["b.jpg", "sub/c.jpeg", "sub/deeper/d.jpg"]
    assert found(f"{folder}/**/d.*") == [f"{folder}/sub/deeper/d.jpg"]


def test_a_link_to_itself_is_told(folder: Path) -> None:
    """Named, and found in a folder."""
    (folder / "loop.mp4").symlink_to("loop.mp4")

    named, *_ = sources(Selection(("loop.mp4",)))
    in_folder = [each for each in sources(Selection((".",))) if isinstance(each, Failure)]

    assert isinstance(named, Failure)
    assert named.sentence == "This cannot be read: Too many levels of symbolic links."
    assert [failure.file for failure in in_folder] == ["loop.mp4"]


def test_hidden_files_match_a_pattern_that_asks_for_them(folder: Path) -> None:
    """As in a shell."""
    (folder / ".hidden").mkdir()
    (folder / ".hidden" / "h.jpg").touch()
    (folder / "sub" / ".h.jpg").touch()

    assert found("**/*.jpg") == ["b.jpg", "sub/deeper/d.jpg"]
    assert found("**/.*.jpg") == ["sub/.h.jpg"]
    assert found("sub/**") == ["sub/c.jpeg", "sub/deeper/d.jpg"]


@pytest.mark.parametrize(
    ("name", "head", "kind"),
    [
        ("v.MP4", b"", "video"),
        ("v.webm", b"", "video"),
        ("v.mkv", b"", "video"),
        ("v.jpg", b"\0\0\0\x14ftypisom", "picture"),
        ("v", b"\0\0\0\x14ftypisom", "video"),
        ("v.heic", b"\0\0\0\x14ftypheic", "picture"),
        ("v", b"", "picture"),
    ],
)
def test_a_name_decides_and_else_the_content(
    folder: Path, name: str, head: bytes, kind: Kind
) -> None:
    """Whether a file is taken for a picture or for a video."""
    (folder / name).write_bytes(head)

    (source,) = sources(Selection((name,)))

    assert isinstance(source, Source)
    assert source.kind == kind


def test_videos_of_a_folder_count_and_one_kind_can_be_left_out(folder: Path) -> None:
    """Kinds of videos that are not read do not count, unless they are named."""
    for name in ("v.mov", "w.m4v", "x.avi"):
        (folder / name).write_bytes(b"12345")

    assert found(".") == ["a.PNG", "b.jpg", "v.mov", "w.m4v"]
    assert found(".", only="video") == ["v.mov", "w.m4v"]
    assert found(".", only="picture") == ["a.PNG", "b.jpg"]
    assert found("x.avi", "b.jpg", only="video") == ["x.avi"]
