"""The installed models."""

import os
from pathlib import Path

import pytest

from webapp.exceptions import NoModelError, UnknownModelError
from webapp.models import ModelRepository
from webapp.testing import install_model


def names(repository: ModelRepository) -> list[str]:
    return [model.card.name for model in repository.installed()]


def test_missing_folder_holds_no_models(tmp_path: Path) -> None:
    """A repository that is not there yet is empty, not an error."""
    repository = ModelRepository(tmp_path / "none")

    assert names(repository) == []
    with pytest.raises(NoModelError, match="make models"):
        repository.choose(None)


def test_default_is_the_lowest_rank(tmp_path: Path) -> None:
    """Models come by rank, then by name; the first one is the default."""
    for name, rank in (("c", 20), ("b", 10), ("a", 20)):
        install_model(tmp_path, name, rank=rank)
    repository = ModelRepository(tmp_path)

    assert names(repository) == ["b", "a", "c"]
    assert repository.choose(None).card.name == repository.choose("").card.name == "b"
    assert repository.choose("c").labels[18] == "dog"


def test_unknown_name_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    """The sentence lists what there is, and shows a strange name harmlessly."""
    install_model(tmp_path, "toy")

    with pytest.raises(UnknownModelError, match=r"called '\\u202e(x){59}'\. Installed: toy\.$"):
        ModelRepository(tmp_path).choose("\u202e" + "x" * 500)


def test_broken_model_is_left_out_and_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """One broken folder takes no other down, and fills no log."""
    install_model(tmp_path, "good")
    (install_model(tmp_path, "no-toml") / "model.toml").write_text("name = ")
    (install_model(tmp_path, "no-labels") / "labels.txt").unlink()
    (install_model(tmp_path, "bad-labels") / "labels.txt").write_bytes(b"1 \xff\xfe\n")
    install_model(tmp_path, "original").rename(tmp_path / "copy")
    (tmp_path / "empty").mkdir()
    (tmp_path / "models.config").write_text("not a folder")
    repository = ModelRepository(tmp_path)

    first, second = names(repository), names(repository)

    assert first == second == ["good"]
    logged = sorted(record.getMessage().split()[1] for record in caplog.records)
    assert logged == ["bad-labels", "copy", "no-labels", "no-toml"]


def test_change_on_disk_is_seen(tmp_path: Path) -> None:
    """A card or labels file that changes is read again, and a removed model is gone."""
    repository = ModelRepository(tmp_path)
    folder = install_model(tmp_path, "toy")
    assert repository.choose("toy").labels[1] == "person"

    (folder / "labels.txt").write_text("1 somebody\n")
    os.utime(folder / "labels.txt", ns=(1, 1))
    assert repository.choose("toy").labels[1] == "somebody"

    (folder / "model.toml").unlink()
    assert names(repository) == []


def test_unchanged_model_is_read_once(tmp_path: Path) -> None:
    """As long as nothing changes, the same value is handed out."""
    install_model(tmp_path, "toy")
    repository = ModelRepository(tmp_path)

    assert repository.choose("toy") is repository.choose("toy")
