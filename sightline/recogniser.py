"""Who answers: what a model server and a running Sightline have in common here."""

from dataclasses import dataclass
from typing import Protocol

from recognition import MASKS
from sightline.answers import Answer
from sightline.exceptions import PictureFailedError
from sightline.stills import Still
from vision import Detection


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """A model that can be chosen.

    Attributes:
        name: As it is served.
        title: Its name for people.
        task: "detection" or "classification".
        licence: SPDX identifier.
        summary: One line on what it is good for.
    """

    name: str
    title: str
    task: str
    licence: str
    summary: str


@dataclass(frozen=True, slots=True)
class ToExplain:
    """What shall be explained, and how.

    Attributes:
        class_id: The class of a classification; None for the most probable one.
        number: The object, from 0 on, the most certain first.
        masks: How many covered copies a detector is shown.
        seed: The same seed gives the same map of an object.
        opacity: How much of the heat map shows where it is hottest, 0..1.
    """

    class_id: int | None = None
    number: int = 0
    masks: int = MASKS
    seed: int = 0
    opacity: float = 0.6


@dataclass(frozen=True, slots=True)
class Overlay:
    """What was explained, and the picture with the heat map on it, as a JPEG file."""

    label: str
    class_id: int
    score: float
    jpeg: bytes


class Recogniser(Protocol):
    """Answers pictures. Safe to use from several threads."""

    def models(self) -> tuple[ModelFacts, ...]:
        """Return the models there are, the default one first.

        Raises:
            SightlineError: They cannot be found out.
        """
        ...

    def recognise(self, still: Still, model: str, threshold: float | None) -> Answer:
        """Show a picture to a model.

        Args:
            still: The picture.
            model: Name of the model.
            threshold: Score, 0..1, from which objects and classes count; None for the model's own.

        Raises:
            PictureFailedError: There is no answer.
        """
        ...

    def explain(self, still: Still, answer: Answer, wanted: ToExplain) -> Overlay:
        """Show which parts of a picture decided.

        Args:
            still: The picture.
            answer: What the model said of it.
            wanted: Which of it is to be explained.

        Raises:
            PictureFailedError: There is no explanation.
        """
        ...

    def close(self) -> None:
        """End the calls that are under way, and free what is held."""
        ...


def choose(models: tuple[ModelFacts, ...], name: str | None, tasks: frozenset[str]) -> ModelFacts:
    """Return the model of a name, or the first that has one of the tasks.

    Raises:
        ValueError: There is none; the message is a sentence.
    """
    fitting = [model for model in models if model.task in tasks]
    if name is None:
        if fitting:
            return fitting[0]
        raise ValueError(f"There is no model for {' or '.join(sorted(tasks))}.")
    for model in models:
        if model.name == name:
            if model in fitting:
                return model
            wanted = " or ".join(sorted(tasks))
            raise ValueError(f"The model {name} is for {model.task}, not for {wanted}.")
    names = ", ".join(model.name for model in models) or "none"
    raise ValueError(f"There is no model called {name!r}. There are: {names}.")


def chosen_object(answer: Answer, wanted: ToExplain) -> Detection:
    """Return the object that is to be explained.

    Raises:
        PictureFailedError: There are not so many.
    """
    if wanted.number >= len(answer.objects):
        count = len(answer.objects)
        raise PictureFailedError(
            f"There is no object number {wanted.number}; the picture has {count}, counted from 0.",
            "nothing_to_explain",
        )
    return answer.objects[wanted.number]
