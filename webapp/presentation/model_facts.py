"""What a page tells of an installed model before it is chosen."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from vision import ModelCard
from webapp.results import Task
from webapp.storage.store import Speed

TASK_NAMES = {Task.DETECTION: "Finds objects", Task.CLASSIFICATION: "Names the picture"}
"""What each kind of model does, for people."""


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """A card with what this machine knows about the model.

    Attributes:
        card: Its card.
        task_name: What it does, for people.
        disk_bytes: What its files weigh; None where they are not on this machine.
        speed: How fast it has answered here; None where it never has.
    """

    card: ModelCard
    task_name: str
    disk_bytes: int | None
    speed: Speed | None

    @classmethod
    def of(cls, card: ModelCard, repository: Path, speeds: Mapping[str, Speed]) -> Self:
        """Gather the facts.

        Args:
            card: The model's card.
            repository: The folder of installed models.
            speeds: How fast models were here, by name.
        """
        speed = speeds.get(card.name)
        return cls(
            card=card,
            task_name=TASK_NAMES[Task(card.task)],
            disk_bytes=folder_bytes(repository / card.name) or None,
            speed=speed,
        )

    @property
    def source_host(self) -> str:
        """Where the model was published, without the rest of the address; empty where made here."""
        return urlsplit(self.card.source_url).hostname or ""


def folder_bytes(folder: Path) -> int:
    """Return what all files below a folder weigh, in bytes; 0 where there is no such folder.

    Files that vanish while they are counted do not count.
    """
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except OSError:
            continue
    return total
