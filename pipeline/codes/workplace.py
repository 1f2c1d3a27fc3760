"""Where the steps leave their artifacts."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Workplace:
    """A folder with one folder for each step.

    Attributes:
        root: The folder.
    """

    root: Path

    @property
    def data(self) -> Path:
        """What `make-data` makes."""
        return self.root / "data"

    @property
    def training(self) -> Path:
        """What `train` makes."""
        return self.root / "training"

    @property
    def exported(self) -> Path:
        """What `export` makes: a model repository with the one model in it."""
        return self.root / "exported"

    @property
    def evaluation(self) -> Path:
        """What `evaluate` makes."""
        return self.root / "evaluation"
