"""What every form of output is written by."""

from collections.abc import Sequence
from typing import Protocol

from sightline.answers import Answer


class Writer(Protocol):
    """Writes answers as they come, and holds on to none of them."""

    def write(self, answers: Sequence[Answer]) -> None:
        """Write the answers about one picture, one of each model."""
        ...

    def close(self) -> None:
        """Write what stands at the end."""
        ...
