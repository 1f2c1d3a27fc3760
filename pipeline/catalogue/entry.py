"""What every model of the catalogue has, whatever it is made from."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

from pipeline.catalogue.model_file import PLAIN_NAME, ModelFile
from vision import (
    ClassificationOutputs,
    DetectionOutputs,
    Explanation,
    InputSpec,
    Labels,
    ModelCard,
)

_RESERVED_NAMES = frozenset({"labels"})  # the folder of the label sets
_ANY_SHA256 = "0" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueEntry(ABC):
    """One model that can be fetched.

    Attributes:
        name: Its name on the server and of its folder.
        title: Its name for people.
        task: What it does, such as `"detection"`.
        summary: One line for a person choosing.
        licence: SPDX identifier of the weights' licence.
        files: What it can be made from: any one of them, the most wanted first.
        labels: Name of the label set.
        input: What the model wants to be fed.
        outputs: What it calls its answers.
        explanation: How it is asked for reasons, or None.
        threshold: Default score threshold, 0..1.
        rank: Of the installed models, the one with the lowest rank is offered first.

    Raises:
        ValueError: A value is out of range.
    """

    name: str
    title: str
    task: str
    summary: str
    licence: str
    files: tuple[ModelFile, ...]
    labels: str
    input: InputSpec
    outputs: ClassificationOutputs | DetectionOutputs
    explanation: Explanation | None = None
    threshold: float
    rank: int

    def __post_init__(self) -> None:
        if self.name in _RESERVED_NAMES or not PLAIN_NAME.fullmatch(self.name):
            raise ValueError(f"{self.name!r} cannot be a model's name")
        if not PLAIN_NAME.fullmatch(self.labels):
            raise ValueError(f"labels must be a plain name, got {self.labels!r}")
        if not self.files:
            raise ValueError("there must be a file to make the model from")
        self.card(self.files[0], _ANY_SHA256)

    @abstractmethod
    def make(self, file: Path, labels: Labels, saved_model: Path) -> None:
        """Make a SavedModel.

        Args:
            file: One of `files`, whose digest was checked.
            labels: The names of its classes.
            saved_model: The folder to make; it may hold some files if this fails.

        Raises:
            PipelineError: The file is not what the catalogue says.
            OSError: The disk is full, or cannot be written to.
        """

    def card(self, file: ModelFile, sha256: str) -> ModelCard:
        """Return the facts that go into `model.toml` once the file is here.

        Args:
            file: What the model was made from.
            sha256: Of that file.

        Raises:
            ModelCardError: A fact is not as a model card wants it.
        """
        return ModelCard(
            name=self.name,
            title=self.title,
            task=self.task,
            summary=self.summary,
            licence=self.licence,
            source_url=file.source_url,
            archive_sha256=sha256,
            rank=self.rank,
            threshold=self.threshold,
            input=self.input,
            outputs=self.outputs,
            explanation=self.explanation,
        )
