"""The folder of original files."""

from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest

from webapp.exceptions import OriginalGoneError, StorageError
from webapp.storage.originals import Originals, random_id


def test_file_is_kept_under_a_name_of_ours(tmp_path: Path) -> None:
    """A file lies in a folder called by its id's first digits, with its true extension."""
    originals = Originals(tmp_path, new_id=lambda: "ab" * 16)

    original = originals.add(b"\x00content", "JPEG")

    assert original.name == "ab" * 16 + ".jpg"
    assert original.sha256 == sha256(b"\x00content").hexdigest()
    assert originals.path(original.name) == tmp_path / "ab" / original.name
    assert originals.path(original.name).read_bytes() == b"\x00content"
    assert list((tmp_path / ".unfinished").iterdir()) == []


def test_unfinished_file_is_never_found(tmp_path: Path) -> None:
    """What a crash left half written has no name that leads to it."""
    name = f"{random_id()}.jpg"
    (tmp_path / ".unfinished").mkdir()
    (tmp_path / ".unfinished" / name).write_bytes(b"half")

    with pytest.raises(OriginalGoneError):
        Originals(tmp_path).path(name)


@pytest.mark.parametrize(
    "name",
    ["", "..", "../x.jpg", "ab.jpg", "A" * 32 + ".jpg", "a" * 32 + ".svg", "a" * 32 + ".jpg\n"],
)
def test_name_that_is_not_ours_is_a_bug(tmp_path: Path, name: str) -> None:
    """Only names made here are ever turned into a path."""
    with pytest.raises(ValueError, match="32 hexadecimal digits"):
        Originals(tmp_path).path(name)


def test_disk_that_refuses_leaves_nothing(tmp_path: Path) -> None:
    """Where nothing can be written, the error is a sentence and nothing is left behind."""
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(StorageError, match="could not be saved"):
        Originals(tmp_path / "file").add(b"content", "JPEG")

    assert (tmp_path / "file").read_text() == "in the way"


def test_many_at_once_never_share_a_name(tmp_path: Path) -> None:
    """Files written by many threads are all there, each with its own content."""
    originals = Originals(tmp_path)
    contents = [str(number).encode() for number in range(200)]

    with ThreadPoolExecutor(16) as pool:
        kept = list(pool.map(lambda content: originals.add(content, "PNG"), contents))

    assert [originals.path(each.name).read_bytes() for each in kept] == contents
    assert len({each.name for each in kept}) == 200
