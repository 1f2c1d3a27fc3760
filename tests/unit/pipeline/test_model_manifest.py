"""The manifest of an installed model."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.exceptions import RepositoryError
from pipeline.manifest import MANIFEST_FILE, Manifest


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model's folder, with its manifest."""
    (tmp_path / "1" / "variables").mkdir(parents=True)
    (tmp_path / "1" / "saved_model.pb").write_bytes(b"graph")
    (tmp_path / "1" / "variables" / "data").write_bytes(b"weights")
    (tmp_path / "labels.txt").write_bytes(b"1 dog\n")
    (tmp_path / MANIFEST_FILE).write_text(Manifest.of(tmp_path, 1).to_json(), encoding="utf-8")
    return tmp_path


def test_an_untouched_model_has_no_differences(model: Path) -> None:
    """The manifest that was written is the one that is read."""
    difference = Manifest.load(model).compare(model)

    assert not difference
    assert str(difference) == ""


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda folder: (folder / "1/variables/data").write_bytes(b"Weights"), "changed"),
        (lambda folder: (folder / "1/variables/data").unlink(), "missing"),
        (lambda folder: (folder / "1/variables/data").rename(folder / "x"), "missing.*; extra: x"),
        (lambda folder: (folder / "1/variables/more").touch(), "extra: 1/variables/more"),
        (lambda folder: (folder / "labels.txt").write_bytes(b""), "changed: labels.txt"),
    ],
)
def test_every_kind_of_difference_is_named(
    model: Path, change: Callable[[Path], object], words: str
) -> None:
    """Changed, missing and extra files are told apart, with their paths."""
    change(model)

    difference = Manifest.load(model).compare(model)

    assert re.match(words, str(difference))


def test_a_version_beside_the_installed_one_is_no_difference(model: Path) -> None:
    """Trained versions live in the same folder, and answer for themselves."""
    (model / "2").mkdir()
    (model / "2" / "saved_model.pb").touch()

    assert not Manifest.load(model).compare(model)


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b'{"version": "x", "sha256": {}}', b'{"version": 1}', b"\xff"]
)
def test_a_damaged_manifest_is_one_sentence(model: Path, content: bytes) -> None:
    """A manifest of another form is an error, not a match."""
    (model / MANIFEST_FILE).write_bytes(content)

    with pytest.raises(RepositoryError, match="not valid"):
        Manifest.load(model)


def test_without_a_manifest_nobody_can_tell(model: Path) -> None:
    """A model that somebody put there by hand cannot be verified."""
    (model / MANIFEST_FILE).unlink()

    with pytest.raises(RepositoryError, match=r"has no manifest\.json"):
        Manifest.load(model)
