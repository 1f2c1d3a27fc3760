"""What a model is to an evaluation, however it is reached."""

from pathlib import Path
from typing import NamedTuple, Protocol


class FoundBox(NamedTuple):
    """One object that a model sees.

    The score is a probability (0..1), the box (x_min, y_min, x_max, y_max) in pixels of the
    upright picture.
    """

    label: str
    score: float
    xyxy: tuple[float, float, float, float]


class Detector(Protocol):
    """A model that looks at one picture after the other.

    Attributes:
        version: The version that answered last; None before the first picture.
        decode_s: Seconds that reading and decoding the last picture took; None before the first
            picture, and where another process does it.
    """

    version: int | None
    decode_s: float | None

    def detect(self, picture: Path) -> list[FoundBox]:
        """Return everything that the model sees in a picture file, whatever the score.

        Raises:
            EvaluationError: The picture cannot be read, or the model does not answer.
        """

    def close(self) -> None:
        """Let go of connections."""
