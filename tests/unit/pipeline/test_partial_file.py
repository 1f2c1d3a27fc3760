"""Downloads on their way."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.partial_file import PartialFile

URL = "http://models.example/ssd.tar.gz"


def _interrupted(target: Path, validator: str | None) -> None:
    with PartialFile(target, URL) as part:
        part.restart(validator)
        part.append(b"half")


def test_bytes_of_the_same_version_are_gone_on_with(tmp_path: Path) -> None:
    """A second run finds the bytes and the validator of the first, and only the end is new."""
    target = tmp_path / "ssd.tar.gz"
    _interrupted(target, '"v1"')

    with PartialFile(target, URL) as part:
        found = (part.size, part.validator)
        part.append(b" and half")
        part.finish()

    assert found == (4, '"v1"')
    assert target.read_bytes() == b"half and half"
    assert list(tmp_path.iterdir()) == [target]


def _damage_note(target: Path) -> None:
    target.with_name("ssd.tar.gz.part.json").write_bytes(b"{")


def _delete_note(target: Path) -> None:
    target.with_name("ssd.tar.gz.part.json").unlink()


@pytest.mark.parametrize(
    ("validator", "url", "change"),
    [
        (None, URL, lambda _: None),
        ('"v1"', URL + "?mirror", lambda _: None),
        ('"v1"', URL, _delete_note),
        ('"v1"', URL, _damage_note),
    ],
    ids=["no validator", "another address", "no note", "damaged note"],
)
def test_bytes_of_unknown_origin_are_dropped(
    tmp_path: Path, validator: str | None, url: str, change: Callable[[Path], None]
) -> None:
    """Without proof that they are the beginning of the same file, bytes are worth nothing."""
    target = tmp_path / "ssd.tar.gz"
    _interrupted(target, validator)
    change(target)

    with PartialFile(target, url) as part:
        found = (part.size, part.validator)

    assert found == (0, None)
