"""The step `publish`: from an exported and measured model to one that servers serve."""

import shutil
from dataclasses import replace
from pathlib import Path

from pipeline.codes.card import NAME, card, labels
from pipeline.codes.lineage import LINEAGE_FILE, Lineage
from pipeline.codes.workplace import Workplace
from pipeline.exceptions import ArtifactError
from pipeline.repository import BROWSER_FILE, InstalledModel, Repository, browser_form
from vision import ModelCard


def publish(workplace: Workplace, repository: Repository, version: int | None = None) -> str:
    """Put the exported model into a model repository, with its lineage beside it.

    Args:
        workplace: Where the steps left their artifacts.
        repository: Where to.
        version: The version folder, replaced if it is there; by default the next one.

    Returns:
        A sentence on what was done.

    Raises:
        ArtifactError: A step is missing, was made from other artifacts than are there now, or its
            files have changed; or the version is older than the latest one.
        RepositoryError: Another process is writing to the repository.
    """
    lineage = Lineage.of(workplace)
    lineage.artifacts["export"].check_files(workplace.exported)
    latest = repository.find(NAME)
    if version is None and latest is not None and _is_published(lineage, latest):
        return f"{NAME} version {latest.version} is this one already."
    number = _number(version, latest)
    with repository.writing(), repository.staged(NAME) as staged:
        shutil.copytree(workplace.exported / NAME / "1", staged / str(number))
        (staged / LINEAGE_FILE).write_text(lineage.to_json(), encoding="utf-8")
        threshold = lineage.artifacts["evaluate"].metrics["threshold"]
        facts = card(lineage.artifacts["train"].settings["size"], threshold)
        facts = _with_browser_form(facts, number, workplace.exported / NAME, staged)
        repository.publish(staged, facts, labels(), version=number)
        repository.write_config()
    return f"{NAME} version {number} is published in {repository.root}."


def _with_browser_form(facts: ModelCard, version: int, exported: Path, staged: Path) -> ModelCard:
    """Bring the form for browsers along, which exports of earlier code have none of."""
    path = exported / BROWSER_FILE
    if not path.exists():
        return facts
    content = path.read_bytes()
    (staged / BROWSER_FILE).write_bytes(content)
    return replace(facts, browser=browser_form(facts, version, content))


def _is_published(lineage: Lineage, latest: InstalledModel) -> bool:
    path = latest.folder / LINEAGE_FILE
    return path.exists() and path.read_text(encoding="utf-8") == lineage.to_json()


def _number(version: int | None, latest: InstalledModel | None) -> int:
    if latest is None:
        return version or 1
    if version is not None and version < latest.version:
        # The folder has one card, and servers take the latest version.
        raise ArtifactError(
            f"Version {latest.version} is published already; an older one would stay unseen. "
            "Publish without --version to make a new one."
        )
    return version or latest.version + 1
