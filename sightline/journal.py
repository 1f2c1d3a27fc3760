"""Which pictures have been answered, and how: so that an interrupted run can go on.

The file has a line of JSON that says which run it is of, and one for each picture or frame that has
its answers, and for each video that is done. A run that goes on takes these answers from it, in
their turn, so that its output is that of a run which was never interrupted.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from sightline.answers import Answer, name_of
from sightline.exceptions import UsageError
from sightline.sources import Source

_VERSION = 1
_START = b'{"sightline_journal":'
Run = Mapping[str, Any]
"""What decides the answers of a run, such as its command, models and threshold, as JSON has it."""


Sampling = Mapping[str, float | None]
"""Which frames of a video are looked at, as JSON has it."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in the file the answers about a picture are, and which state of it they are about."""

    offset: int
    bytes: int
    mtime_ns: int


class Journal:
    """Answers by picture: the file is the memory, only places in it are held.

    Args:
        file: Open for reading and appending; at its end.
        places: Where the answers are, by absolute path.
    """

    def __init__(self, file: BinaryIO, places: dict[str, _Place]) -> None:
        self._file = file
        self._places = places

    def find(self, source: Source, moment_s: float | None = None) -> tuple[Answer, ...] | None:
        """Return the answers about a picture, or about a frame of a video.

        Args:
            source: The picture or video.
            moment_s: When the frame is shown, seconds; None of a picture.

        Returns:
            None if there are none, or the file has changed since.
        """
        line = self._line_about(name_of(source.file, moment_s), source)
        if line is None or "answers" not in line:
            return None
        return tuple(Answer.from_fields(fields) for fields in line["answers"])

    def add(
        self, source: Source, answers: tuple[Answer, ...], moment_s: float | None = None
    ) -> None:
        """Keep the answers about a picture, or about a frame of a video."""
        found = {"answers": [answer.to_fields() for answer in answers]}
        self._write({"file": name_of(source.file, moment_s), **_state(source), **found})

    def moments(self, source: Source, sampling: Sampling) -> list[float] | None:
        """Return the moments of all frames of a video that is done, seconds.

        Returns:
            None if it is not done, other frames of it were looked at, or it has changed since.
        """
        line = self._line_about(source.file, source)
        if line is None or line.get("sampling") != sampling:
            return None
        return [float(moment_s) for moment_s in line["moments"]]

    def add_video(self, source: Source, moments: list[float], sampling: Sampling) -> None:
        """Keep that all is done about a video."""
        done = {"sampling": sampling, "moments": moments}
        self._write({"file": source.file, **_state(source), **done})

    def _line_about(self, name: str, source: Source) -> dict[str, Any] | None:
        place = self._places.get(_key(name))
        if place is None or (place.bytes, place.mtime_ns) != (source.bytes, source.mtime_ns):
            return None
        self._file.seek(place.offset)
        line: dict[str, Any] = json.loads(self._file.readline())
        self._file.seek(0, os.SEEK_END)
        return line

    def _write(self, line: Mapping[str, Any]) -> None:
        self._file.write(_line(line))
        # Killed now, the program leaves this line behind; only a power cut may lose the last ones.
        self._file.flush()


@contextmanager
def open_journal(path: Path, run: Run) -> Iterator[Journal]:
    """Open the journal of a run, or begin it.

    A last line that is not whole, as a crash leaves it, is cut off.

    Args:
        path: The file.
        run: What decides the answers; it has to be the same as when the journal was begun.

    Raises:
        UsageError: The file cannot be used, is in use, or belongs to another run.
    """
    with _opened(path) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise UsageError(f"The journal {path} is in use by another run.") from error
        yield Journal(file, _places(file, path, run))


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("a+b")
    except OSError as error:
        raise UsageError(f"The journal {path} cannot be opened: {error.strerror}.") from error


def _places(file: BinaryIO, path: Path, run: Run) -> dict[str, _Place]:
    file.seek(0)
    first = file.readline()
    if not first.endswith(b"\n") and _START.startswith(first[: len(_START)]):
        file.truncate(0)
        file.write(_line({"sightline_journal": _VERSION, "run": run}))
        file.flush()
        return {}
    _check_run(first, path, run)
    places: dict[str, _Place] = {}
    offset = len(first)
    for number, line in enumerate(file, start=2):
        if not line.endswith(b"\n"):
            file.truncate(offset)
            break
        try:
            fields = json.loads(line)
            place = _Place(offset, int(fields["bytes"]), int(fields["mtime_ns"]))
            places[_key(fields["file"])] = place
        except (ValueError, TypeError, LookupError) as error:
            raise UsageError(f"Line {number} of {path} is not one of a journal.") from error
        offset += len(line)
    file.seek(0, os.SEEK_END)
    return places


def _check_run(first: bytes, path: Path, run: Run) -> None:
    try:
        fields = json.loads(first)
        version, former = fields["sightline_journal"], dict(fields["run"])
    except (ValueError, TypeError, LookupError) as error:
        raise UsageError(f"{path} is not a journal of sightline; name another file.") from error
    if version != _VERSION:
        raise UsageError(f"The journal {path} is of another version of sightline; delete it.")
    for name, value in json.loads(json.dumps(run)).items():
        if former.get(name) != value:
            raise UsageError(
                f"The journal {path} belongs to another run: there {name} is {former.get(name)!r}, "
                f"here it is {value!r}. Delete it, or name another one."
            )


def _line(fields: Mapping[str, Any]) -> bytes:
    return json.dumps(fields, separators=(",", ":")).encode() + b"\n"


def _state(source: Source) -> dict[str, int]:
    return {"bytes": source.bytes, "mtime_ns": source.mtime_ns}


def _key(file: str) -> str:
    return os.path.abspath(file)  # noqa: PTH100  a link is a picture of its own
