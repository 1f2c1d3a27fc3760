"""An artifact: a folder of files that a step made, and the manifest that says from what."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from shutil import rmtree
from typing import Any, Self

from pipeline.atomic_file import write_atomically
from pipeline.digests import sha256_of
from pipeline.exceptions import ArtifactError

ARTIFACT_FILE = "artifact.json"


def code_version(folder: Path = Path(__file__).parent) -> str:
    """Return the version of Sightline and a digest of the sources in a folder."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return f"{version('sightline')}+{digest.hexdigest()[:12]}"


@dataclass(frozen=True, slots=True)
class Artifact:
    """What a step made, and from what.

    Attributes:
        step: The step that made it.
        settings: Everything that was chosen, the seed included.
        inputs: Digests of the manifests of the artifacts it was made from, by their step.
        metrics: What was measured while it was made.
        files: SHA-256 of each file, by path below the folder, with `/`.
        code: Version of Sightline and digest of the sources of all steps.
    """

    step: str
    settings: Mapping[str, Any]
    inputs: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    code: str = field(default_factory=code_version)

    @classmethod
    def load(cls, folder: Path, step: str) -> Self:
        """Read the manifest of the artifact in a folder.

        Raises:
            ArtifactError: There is none, it cannot be read, or another step made it.
        """
        path = folder / ARTIFACT_FILE
        try:
            artifact = cls(**json.loads(path.read_bytes()))
        except FileNotFoundError as error:
            raise ArtifactError(
                f"{folder} holds no result of {step}; run `python -m pipeline codes {step}` first."
            ) from error
        except (OSError, ValueError, TypeError) as error:
            raise ArtifactError(f"{path} cannot be read: {error}.") from error
        if artifact.step != step:
            raise ArtifactError(f"{folder} was made by {artifact.step}, not by {step}.")
        return artifact

    def write(self, folder: Path) -> Self:
        """Hash the files that are in the folder now and write the manifest, last of all.

        Returns:
            The artifact with its files.
        """
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        files = {
            path.relative_to(folder).as_posix(): sha256_of(path)
            for path in paths
            if path.name != ARTIFACT_FILE
        }
        complete = type(self)(**{**asdict(self), "files": files})
        write_atomically(folder / ARTIFACT_FILE, json.dumps(asdict(complete), indent=2) + "\n")
        return complete

    def digest(self) -> str:
        """Return a SHA-256 of what was made and from what, for the `inputs` of the next step.

        The version of the code does not count: the same files are the same artifact.
        """
        fields = asdict(self)
        made = {name: fields[name] for name in ("step", "settings", "inputs", "files")}
        return hashlib.sha256(json.dumps(made, sort_keys=True).encode()).hexdigest()

    def check_files(self, folder: Path) -> None:
        """Make sure that the files are as they were when the step ended.

        Raises:
            ArtifactError: One is missing or has changed.
        """
        for name, sha256 in self.files.items():
            path = folder / name
            if not path.is_file() or sha256_of(path) != sha256:
                raise ArtifactError(
                    f"{path} is not as {self.step} left it; run "
                    f"`python -m pipeline codes {self.step}` again."
                )


def check_replaceable(folder: Path, mark: str = ARTIFACT_FILE) -> None:
    """Make sure that a folder holds the result of a step, or nothing.

    Args:
        folder: Need not be there.
        mark: A file by which the result is known.

    Raises:
        ArtifactError: It holds something else.
    """
    if folder.exists() and not (folder / mark).is_file() and any(folder.iterdir()):
        raise ArtifactError(
            f"{folder} is not empty and not the result of a step; remove it, or choose another "
            "folder with --work."
        )


@contextmanager
def replacement(folder: Path) -> Iterator[Path]:
    """Lend an empty folder that takes the place of a step's former result when all went well.

    Raises:
        ArtifactError: There is something else in that place; it is left alone.
    """
    check_replaceable(folder)
    new = folder.with_name(f".{folder.name}.new")
    rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    try:
        yield new
        clear_result(folder)
        new.rename(folder)
    finally:
        rmtree(new, ignore_errors=True)


def clear_result(folder: Path, mark: str = ARTIFACT_FILE) -> None:
    """Remove what a step left in a folder.

    Raises:
        ArtifactError: It holds something else, and is left alone.
    """
    check_replaceable(folder, mark)
    if folder.exists():
        rmtree(folder)
