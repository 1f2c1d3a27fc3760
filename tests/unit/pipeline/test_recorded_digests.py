"""Digests of files, and the record of those that nobody published."""

from pathlib import Path

import pytest

from pipeline.digests import RecordedDigests, sha256_of
from pipeline.exceptions import RepositoryError

EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize(
    ("content", "sha256"),
    [
        (b"", EMPTY_SHA256),
        (b"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ],
)
def test_the_digest_is_sha256(tmp_path: Path, content: bytes, sha256: str) -> None:
    """Known answers of the standard come out."""
    path = tmp_path / "file"
    path.write_bytes(content)

    assert sha256_of(path) == sha256


def test_a_recorded_digest_is_there_for_the_next_process(tmp_path: Path) -> None:
    """Digests are kept in a file, beside those that were there before."""
    path = tmp_path / "recorded_digests.toml"
    assert RecordedDigests(path).get("a.tar.gz") is None

    RecordedDigests(path).record("b+1.tar.gz", "b" * 64)
    RecordedDigests(path).record("a.tar.gz", "a" * 64)

    assert RecordedDigests(path).get("a.tar.gz") == "a" * 64
    assert RecordedDigests(path).get("b+1.tar.gz") == "b" * 64
    assert RecordedDigests(path).get("c.tar.gz") is None


@pytest.mark.parametrize("content", ["a.tar.gz", '"a.tar.gz" = ', "\xff"])
def test_a_damaged_record_is_not_taken_for_an_empty_one(tmp_path: Path, content: str) -> None:
    """Forgetting digests would let a changed archive in."""
    path = tmp_path / "recorded_digests.toml"
    path.write_text(content, encoding="latin-1")

    with pytest.raises(RepositoryError, match="not valid"):
        RecordedDigests(path).record("a.tar.gz", "a" * 64)
