"""How large a model is, and how large when it is compressed."""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_LEVEL = 9


@dataclass(frozen=True, slots=True)
class Size:
    """Bytes of a model's files.

    Attributes:
        plain: As they are.
        compressed: Each by itself with zlib, as in a zip archive.
    """

    plain: int
    compressed: int

    @classmethod
    def of(cls, files: Iterable[Path]) -> Self:
        """Read files and measure them."""
        contents = [path.read_bytes() for path in files]
        return cls(
            sum(map(len, contents)),
            sum(len(zlib.compress(content, _LEVEL)) for content in contents),
        )
