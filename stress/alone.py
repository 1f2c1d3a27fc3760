"""At most one stress run at a time on a machine, of the page and of the command together.

A lock on a file, which the system takes back when its process ends, however it ends.
"""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stress.exceptions import InUseError, LockError

__all__ = ["alone", "lock_path"]


def lock_path() -> Path:
    """Return the file of this user's lock."""
    folder = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    return Path(folder) / f"sightline-stress-{os.getuid()}.lock"


@contextmanager
def alone(path: Path | None = None) -> Iterator[None]:
    """Hold the lock.

    Args:
        path: Its file; by default that of :func:`lock_path`.

    Raises:
        InUseError: Somebody else holds it, in this process or another one.
        LockError: The file cannot be opened.
    """
    descriptor = _opened(path or lock_path())
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InUseError("Another stress run is in progress on this machine.") from error
        yield
    finally:
        os.close(descriptor)


def _opened(path: Path) -> int:
    # Nobody may put a link to another file in our way.
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        return os.open(path, flags, 0o600)
    except OSError as error:
        raise LockError(
            f"The lock of stress runs, {path}, cannot be opened: {error.strerror}. Name a folder "
            "that can be written to in XDG_RUNTIME_DIR."
        ) from error
