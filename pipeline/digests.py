"""sha256 of files, and the record of digests that no publisher gave."""

import hashlib
import json
import tomllib
from pathlib import Path

from pipeline.atomic_file import write_atomically
from pipeline.exceptions import RepositoryError

_HEAD = """\
# sha256 of archives whose publisher gives none, as they were when first downloaded.
# A later download must be the same. Commit this file to hold everyone to the same bytes.

"""


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class RecordedDigests:
    """`recorded_digests.toml`: sha256 by archive name.

    Args:
        path: The file; it need not be there yet.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self, archive: str) -> str | None:
        """Return the sha256 recorded for an archive, or None.

        Raises:
            RepositoryError: The record cannot be read.
        """
        return self._read().get(archive)

    def record(self, archive: str, sha256: str) -> None:
        """Keep the sha256 of an archive, durably.

        Raises:
            RepositoryError: The record cannot be read.
        """
        digests = self._read() | {archive: sha256}
        # A TOML string of file-name characters is written as in JSON.
        lines = [f"{json.dumps(name)} = {json.dumps(digests[name])}\n" for name in sorted(digests)]
        write_atomically(self._path, _HEAD + "".join(lines))

    def _read(self) -> dict[str, str]:
        try:
            return tomllib.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise RepositoryError(f"{self._path} is not valid: {error}.") from error
