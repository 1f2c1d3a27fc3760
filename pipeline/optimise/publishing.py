"""Bringing variants to where servers look."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from pipeline.exceptions import OptimiseError
from pipeline.optimise.variants import origin_of
from pipeline.repository import InstalledModel, Repository
from vision import Labels


def check_publishable(names: Sequence[str], repository: Repository) -> None:
    """Make sure that no other model is in the places of variants.

    Args:
        names: The variants' models.
        repository: Where they are to go.

    Raises:
        OptimiseError: There is one.
    """
    for name in names:
        folder = repository.root / name
        if folder.exists() and origin_of(folder) is None:
            raise OptimiseError(
                f"{folder} holds a model that is no variant; remove or rename that folder first."
            )


def publish_variants(
    variants: Sequence[InstalledModel], labels: Labels, repository: Repository
) -> None:
    """Install variants, each at once; a former one of that version is replaced.

    Args:
        variants: From the repository that they were made in.
        labels: The names of their classes.
        repository: Where to.

    Raises:
        OptimiseError: Another model is in a variant's place.
        RepositoryError: Another process is writing to the repository.
        OSError: The disk is full, or cannot be written to; what was served still is.
    """
    with repository.writing():
        check_publishable([variant.card.name for variant in variants], repository)
        for variant in variants:
            with repository.staged(variant.card.name) as staged:
                _copy(variant.folder, staged)
                repository.publish(staged, variant.card, labels, version=variant.version)
        repository.write_config()


def _copy(folder: Path, staged: Path) -> None:
    try:
        shutil.copytree(folder, staged, dirs_exist_ok=True)
    except shutil.Error as error:  # what went wrong with each file, as text
        raise OSError(None, f"{folder} cannot be copied: {error.args[0][0][2]}") from error
