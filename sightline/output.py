"""Files that are there whole or not at all, and standard output."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from sightline.exceptions import UsageError


@contextmanager
def text_output(path: Path | None, *, keeps_parts: bool = False) -> Iterator[TextIO]:
    """Open what results are written to, as UTF-8.

    A file appears under its name when everything is in it; until then it is `.<name>.part`. File
    names that are no text are written with backslashes, as JSON wants them.

    Args:
        path: The file; None or `-` for standard output. What is no regular file, such as a pipe, is
            written to as it is.
        keeps_parts: Give the file its name even if an error ends the writing.

    Raises:
        UsageError: The file cannot be written.
    """
    if path is None or str(path) == "-":
        yield _standard_output()
        return
    target = path.resolve()
    if target.exists() and not target.is_file():
        with _opened(target) as file:
            yield file
        return
    part = target.with_name(f".{target.name}.part")
    file = _opened(part)
    is_whole = keeps_parts
    try:
        yield file
        is_whole = True
    finally:
        file.flush()
        os.fsync(file.fileno())
        file.close()
        if is_whole:
            part.replace(target)
        else:
            part.unlink(missing_ok=True)


def _opened(path: Path) -> TextIO:
    try:
        return path.open("w", encoding="utf-8", errors="backslashreplace", newline="")
    except OSError as error:
        raise UsageError(f"{path.parent} cannot be written to: {error.strerror}.") from error


def _standard_output() -> TextIO:
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    return sys.stdout


def write_file(path: Path, data: bytes) -> None:
    """Write a file that is there whole or not at all, and the folders above it.

    Raises:
        OSError: It cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(data)
    part.replace(path)
