"""Folders that steps make, and their manifests."""

from pathlib import Path

import pytest

from pipeline.codes.artifact import (
    ARTIFACT_FILE,
    Artifact,
    clear_result,
    code_version,
    replacement,
)
from pipeline.digests import sha256_of
from pipeline.exceptions import ArtifactError


def test_an_artifact_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Everything comes back, with a digest of every file, also in folders below."""
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "a.txt").write_text("a")

    written = Artifact("train", {"seed": 1}, {"make-data": "d" * 64}, {"loss": 0.5}).write(tmp_path)

    assert Artifact.load(tmp_path, "train") == written
    assert dict(written.files) == {"below/a.txt": sha256_of(tmp_path / "below" / "a.txt")}
    assert written.code == code_version()


def test_the_digest_tells_artifacts_apart(tmp_path: Path) -> None:
    """The same content has the same digest, any other another one."""
    first = Artifact("train", {"seed": 1}).write(tmp_path)

    assert Artifact.load(tmp_path, "train").digest() == first.digest()
    assert Artifact("train", {"seed": 2}).digest() != first.digest()


def test_a_missing_artifact_names_the_command(tmp_path: Path) -> None:
    """Whoever runs the steps in the wrong order is told what to run."""
    with pytest.raises(ArtifactError, match="run `python -m pipeline codes make-data` first"):
        Artifact.load(tmp_path, "make-data")


@pytest.mark.parametrize("text", ["", "[]", '{"step": "train", "surprise": 1}', "{"])
def test_a_damaged_manifest_is_named(tmp_path: Path, text: str) -> None:
    """The file that cannot be read stands in the message."""
    (tmp_path / ARTIFACT_FILE).write_text(text)

    with pytest.raises(ArtifactError, match=ARTIFACT_FILE):
        Artifact.load(tmp_path, "train")


def test_the_artifact_of_another_step_is_refused(tmp_path: Path) -> None:
    """Folders that were mixed up do not go unnoticed."""
    Artifact("export", {}).write(tmp_path)

    with pytest.raises(ArtifactError, match="was made by export, not by train"):
        Artifact.load(tmp_path, "train")


def test_the_code_does_not_make_another_artifact() -> None:
    """A comment that changed in between does not undo hours of work."""
    assert Artifact("train", {}, code="1").digest() == Artifact("train", {}, code="2").digest()


@pytest.mark.parametrize("text", ["other", None])
def test_changed_and_missing_files_are_named(tmp_path: Path, text: str | None) -> None:
    """Whoever uses an artifact can tell whether it is still what was made."""
    path = tmp_path / "weights"
    path.write_text("weights")
    artifact = Artifact("train", {}).write(tmp_path)
    artifact.check_files(tmp_path)
    path.unlink()
    if text is not None:
        path.write_text(text)

    with pytest.raises(ArtifactError, match=r"weights is not as train left it"):
        artifact.check_files(tmp_path)


def test_a_result_is_replaced_only_when_the_new_one_is_whole(tmp_path: Path) -> None:
    """After a failure the former result is there, and nothing else."""
    folder = tmp_path / "data"
    with replacement(folder) as new:
        (new / "first").touch()
        Artifact("make-data", {}).write(new)

    def fail() -> None:
        with replacement(folder) as new:
            (new / "second").touch()
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        fail()

    assert sorted(path.name for path in folder.iterdir()) == [ARTIFACT_FILE, "first"]
    assert list(tmp_path.iterdir()) == [folder]


def test_a_former_result_is_cleared(tmp_path: Path) -> None:
    """An empty folder, a missing one and one with a manifest give way."""
    Artifact("train", {}).write(tmp_path)

    clear_result(tmp_path)
    clear_result(tmp_path)

    assert not tmp_path.exists()


def test_anything_else_is_left_alone(tmp_path: Path) -> None:
    """A folder of somebody's own is not deleted because a step would like its name."""
    (tmp_path / "thesis.txt").write_text("years of work")

    with pytest.raises(ArtifactError, match="not the result of a step"):
        clear_result(tmp_path)

    assert (tmp_path / "thesis.txt").exists()


def test_code_has_another_version_when_it_changes(tmp_path: Path) -> None:
    """Any change of a source counts, and nothing else does."""
    (tmp_path / "a.py").write_text("1")
    first = code_version(tmp_path)
    (tmp_path / "notes.txt").write_text("not code")
    second = code_version(tmp_path)
    (tmp_path / "a.py").write_text("2")

    assert first == second != code_version(tmp_path)
