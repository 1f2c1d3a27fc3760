"""The names that models give to what they answer."""

from dataclasses import dataclass, fields
from typing import Any


class _Names:
    """Output names; a dataclass of them is checked on construction."""

    __slots__ = ()

    def __post_init__(self) -> None:
        for key, name in _items(self):
            if name == "":
                raise ValueError(f"{key}: expected the name of an output, got ''")

    @property
    def names(self) -> tuple[str, ...]:
        """The outputs to ask a server for: each that has a name."""
        return tuple(name for _, name in _items(self) if name is not None)


@dataclass(frozen=True, slots=True)
class DetectionOutputs(_Names):
    """The names that a detection model gives its outputs.

    Attributes:
        boxes: Output of shape [1, N, 4], (y_min, x_min, y_max, x_max) in fractions of the picture.
        scores: Output of shape [1, N], probabilities.
        classes: Output of shape [1, N], class ids.
        count: Output of shape [1], how many of the N rows are meant; None where all are.

    Raises:
        ValueError: A name is empty.

    Examples:
        >>> DetectionOutputs("boxes", "scores", "classes").names
        ('boxes', 'scores', 'classes')
    """

    boxes: str
    scores: str
    classes: str
    count: str | None = None


@dataclass(frozen=True, slots=True)
class ClassificationOutputs(_Names):
    """The names that a classification model gives its outputs: K best of C classes.

    Attributes:
        class_ids: Output of shape [1, K], class ids, the most probable first.
        scores: Output of shape [1, K], their probabilities.
        class_names: Output of shape [1, K], their names; None where the model knows none.
        probabilities: Output of shape [1, C], of all classes by id; None where there is none.

    Raises:
        ValueError: A name is empty.
    """

    class_ids: str
    scores: str
    class_names: str | None = None
    probabilities: str | None = None


@dataclass(frozen=True, slots=True)
class Explanation(_Names):
    """The signature by which a classification model says which part of a picture decided.

    Attributes:
        signature: Its name.
        tensor: Input of shape [1, H, W, 3], the picture as for a prediction.
        class_id: Input of shape [1], the class that is asked about; -1, or leaving it out, asks
            about the most probable one. The output of that name, of shape [1], is the class that
            was explained.
        heat_map: Output of shape [1, h, w], from 0 to 1; it covers the whole picture.
        score: Output of shape [1], the probability of the class.

    Raises:
        ValueError: A name is empty.
    """

    signature: str
    tensor: str
    class_id: str
    heat_map: str
    score: str

    @property
    def names(self) -> tuple[str, ...]:
        """The outputs to ask a server for."""
        return (self.class_id, self.heat_map, self.score)


def _items(part: Any) -> list[tuple[str, str | None]]:
    return [(field.name, getattr(part, field.name)) for field in fields(part)]
