"""The step `publish`: from an exported and measured model to one that servers serve."""

import shutil

from pipeline.codes.card import NAME, card, labels
from pipeline.codes.lineage import LINEAGE_FILE, Lineage
from pipeline.codes.workplace import Workplace
from pipeline.repository import Repository


def publish(workplace: Workplace, repository: Repository, version: int | None = None) -> str:
    """Put the exported model into a model repository, with its lineage beside it.

    Args:
        workplace: Where the steps left their artifacts.
        repository: Where to.
        version: The version folder, replaced if it is there; by default the next one.

    Returns:
        A sentence on what was done.

    Raises:
        ArtifactError: A step is missing, or was made from other artifacts than are there now.
        RepositoryError: Another process is writing to the repository.
    """
    lineage = Lineage.of(workplace)
    threshold = lineage.artifacts["evaluate"].metrics["threshold"]
    size = lineage.artifacts["train"].settings["size"]
    with repository.writing(), repository.staged(NAME) as staged:
        number = version or _next_version(repository)
        shutil.copytree(workplace.exported / NAME / "1", staged / str(number))
        (staged / LINEAGE_FILE).write_text(lineage.to_json(), encoding="utf-8")
        repository.publish(staged, card(size, threshold), labels(), version=number)
        repository.write_config()
    return f"{NAME} version {number} is published in {repository.root}."


def _next_version(repository: Repository) -> int:
    model = repository.find(NAME)
    return 1 if model is None else model.version + 1
