"""A download on its way: the bytes that are here, and of which file they are the beginning."""

import json
from pathlib import Path
from types import TracebackType
from typing import Self

from pipeline.atomic_file import write_atomically


class PartialFile:
    """`<target>.part`, beside a note that says which version of which address it is the start of.

    A later run goes on where this one stopped only if the server proves, by the validator (an
    entity tag or a date) in that note, that the file behind the address is still the same.

    Args:
        target: Where the whole file will be.
        url: Where it comes from.
    """

    def __init__(self, target: Path, url: str) -> None:
        self._target = target
        self._url = url
        self._part = target.with_name(f"{target.name}.part")
        self._note = target.with_name(f"{target.name}.part.json")
        self.validator = self._read_validator()
        self._file = self._part.open("ab")
        if self.validator is None:
            self.restart(None)

    @property
    def size(self) -> int:
        """How many bytes are here."""
        return self._file.tell()

    def restart(self, validator: str | None) -> None:
        """Drop all bytes, and start a version of the file that `validator` stands for."""
        self._file.truncate(0)
        self._file.seek(0)
        self.validator = validator
        write_atomically(self._note, json.dumps({"url": self._url, "validator": validator}))

    def append(self, data: bytes) -> None:
        """Add the next bytes."""
        self._file.write(data)

    def finish(self) -> None:
        """Give the file its final name; all its bytes are here."""
        self._file.close()
        self._part.replace(self._target)
        self._note.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    def _read_validator(self) -> str | None:
        try:
            note = json.loads(self._note.read_bytes())
            return (
                str(note["validator"]) if note["url"] == self._url and note["validator"] else None
            )
        except (OSError, ValueError, LookupError, TypeError):
            return None  # no note that can be used: the bytes could be anyone's
