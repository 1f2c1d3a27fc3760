"""Which pictures and boxes something was measured on."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pipeline.digests import sha256_of
from pipeline.evaluate.dataset import ANNOTATIONS_FILE, Dataset


@dataclass(frozen=True, slots=True)
class DataIdentity:
    """A name for people and a digest for certainty.

    Attributes:
        name: Of the folder.
        sha256: Of the SHA-256 digests of `instances.json` and then of every picture that was
            looked at, in its order; 64 hexadecimal digits.
    """

    name: str
    sha256: str

    @classmethod
    def of(cls, folder: Path, dataset: Dataset) -> Self:
        """Read all files of a data set.

        Args:
            folder: Where `instances.json` is.
            dataset: What was loaded from there.
        """
        files = (folder / ANNOTATIONS_FILE, *dataset.pictures.values())
        digests = "\n".join(map(sha256_of, files))
        return cls(folder.resolve().name, hashlib.sha256(digests.encode()).hexdigest())
