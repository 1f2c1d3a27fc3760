"""Writing files so that a crash, or a reader at any moment, finds the old content or the new."""

import os
from pathlib import Path


def write_atomically(path: Path, content: str | bytes) -> None:
    """Replace the content of `path`, durably; text becomes UTF-8.

    What a crash leaves, `.<name>.new` beside the file, is used up by the next call.
    """
    new = path.with_name(f".{path.name}.new")
    with new.open("wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode())
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    sync(path.parent)


def write_if_changed(path: Path, text: str) -> bool:
    """Do `write_atomically` unless that is the content already; tell whether it was not."""
    try:
        if path.read_bytes() == text.encode():
            return False
    except FileNotFoundError:
        pass
    write_atomically(path, text)
    return True


def sync(path: Path) -> None:
    """Make a file's content, or the names in a folder, durable."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_tree(folder: Path) -> None:
    """Make every file and name under `folder` durable."""
    for place, _, names in os.walk(folder):
        for name in names:
            sync(Path(place, name))
        sync(Path(place))
