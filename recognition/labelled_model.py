"""A model as it is asked."""

from dataclasses import dataclass

from vision import Labels, ModelCard


@dataclass(frozen=True, slots=True)
class LabelledModel:
    """A model's card and the names of its classes."""

    card: ModelCard
    labels: Labels
