"""The manifest of an installed model: which files were installed, and their sha256."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pipeline.digests import sha256_of
from pipeline.exceptions import RepositoryError

MANIFEST_FILE = "manifest.json"


@dataclass(frozen=True, slots=True)
class Differences:
    """How the files of a model differ from its manifest; each a sorted list of paths.

    Attributes:
        changed: There, with another content.
        missing: Not there.
        extra: There, and not in the manifest.
    """

    changed: tuple[str, ...]
    missing: tuple[str, ...]
    extra: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.changed or self.missing or self.extra)

    def __str__(self) -> str:
        kinds = {"changed": self.changed, "missing": self.missing, "extra": self.extra}
        return "; ".join(f"{kind}: {', '.join(paths)}" for kind, paths in kinds.items() if paths)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What was installed.

    Attributes:
        version: The version folder that was installed, at least 1.
        sha256: By path below the model's folder, with `/`.
    """

    version: int
    sha256: Mapping[str, str]

    @classmethod
    def of(cls, folder: Path, version: int) -> Self:
        """Take the manifest of the files that are in a model's folder now."""
        return cls(version, {path: sha256_of(folder / path) for path in _paths(folder, version)})

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read the manifest of a model's folder.

        Raises:
            RepositoryError: There is none, or none that can be read.
        """
        path = folder / MANIFEST_FILE
        try:
            fields = json.loads(path.read_bytes())
            return cls(int(fields["version"]), dict(fields["sha256"]))
        except FileNotFoundError as error:
            raise RepositoryError(
                f"{folder.name} has no {MANIFEST_FILE} to compare with."
            ) from error
        except (ValueError, TypeError, LookupError) as error:
            raise RepositoryError(f"{path} is not valid: {error}.") from error

    def to_json(self) -> str:
        """Return the text that `load` reads."""
        fields = {"version": self.version, "sha256": dict(sorted(self.sha256.items()))}
        return json.dumps(fields, indent=2) + "\n"

    def compare(self, folder: Path) -> Differences:
        """Hash the files of a model's folder again and compare.

        Other versions, which may have been put beside the installed one, are not looked at.
        """
        here = Manifest.of(folder, self.version).sha256
        return Differences(
            changed=tuple(
                p for p in sorted(here.keys() & self.sha256) if here[p] != self.sha256[p]
            ),
            missing=tuple(sorted(self.sha256.keys() - here)),
            extra=tuple(sorted(here.keys() - self.sha256)),
        )


def _paths(folder: Path, version: int) -> list[str]:
    top = [path for path in folder.iterdir() if path.name != MANIFEST_FILE]
    files = [*top, *(folder / str(version)).rglob("*")]
    return [path.relative_to(folder).as_posix() for path in files if path.is_file()]
