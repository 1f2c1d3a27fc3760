"""Every upload, byte for byte, under a name of ours."""

import hashlib
import os
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from webapp.exceptions import OriginalGoneError, StorageError

_EXTENSIONS = {"JPEG": "jpg", "PNG": "png"}
MEDIA_TYPES = {"jpg": "image/jpeg", "png": "image/png"}
_NAME = re.compile(r"[0-9a-f]{32}\.(jpg|png|mp4|mov|webm)")
_UNFINISHED = ".unfinished"
_PROBE = re.compile(r"[0-9a-f]{32}")
_NOT_SAVED = "The video could not be saved, so it was not kept."
_FOLDER = re.compile(r"[0-9a-f]{2}")


def random_id() -> str:
    """Return 128 random bits as 32 hexadecimal digits: a name that nobody guesses or repeats."""
    return secrets.token_hex(16)


@dataclass(frozen=True, slots=True)
class Original:
    """A stored file: its name in the store and its SHA-256."""

    name: str
    sha256: str


class IncomingFile:
    """A large file on its way into the store, written while it still arrives.

    It is a file as far as parsers of forms need one. Closing it takes it away, unless it was kept.

    Args:
        path: Where it lies until then, under a name that is never served.
        place: Says where a file of a name belongs.

    Attributes:
        size: How many bytes have arrived.
    """

    def __init__(self, path: Path, place: Callable[[str], Path]) -> None:
        self._path = path
        self._place = place
        self._digest = hashlib.sha256()
        self._file = _opened(path)
        self.size = 0

    @property
    def path(self) -> Path:
        """Where it lies, to be looked at."""
        self._file.flush()
        return self._path

    def write(self, data: bytes) -> int:
        """Add bytes at the end.

        Raises:
            StorageError: The disk refused.
        """
        try:
            self._file.write(data)
        except OSError as error:
            raise StorageError(_NOT_SAVED) from error
        self._digest.update(data)
        self.size += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a place, to read from there."""
        return self._file.seek(offset, whence)

    def read(self, size: int = -1) -> bytes:
        """Return bytes from there on."""
        return self._file.read(size)

    def keep(self, extension: str) -> Original:
        """Put the file where originals are, forced to disk.

        Args:
            extension: Of its true format, with a point in front.

        Raises:
            StorageError: The disk refused; the file is still on its way.
        """
        name = self._path.name + extension
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            _rename(self._path, self._place(name))
        except OSError as error:
            raise StorageError(_NOT_SAVED) from error
        return Original(name, self._digest.hexdigest())

    def close(self) -> None:
        """Take the file away, unless it was kept; more than once does no harm."""
        self._path.unlink(missing_ok=True)
        with suppress(OSError):  # a full disk that took no more of what was buffered
            self._file.close()


class Originals:
    """A folder of original files.

    A file is called by a random id and the extension of its true format, and lies in a folder
    called by the id's first two digits, so that no folder grows too long to list.

    Args:
        root: The folder; made when it is missing.
        new_id: Makes the ids.
    """

    def __init__(self, root: Path, *, new_id: Callable[[], str] = random_id) -> None:
        self._root = root.resolve()
        self._new_id = new_id

    def prepare(self) -> None:
        """Make the folder, and make sure that files can be written there.

        Raises:
            StorageError: They cannot.
        """
        probe = self._root / _UNFINISHED / random_id()
        try:
            _write(probe, b"")
            probe.unlink()
        except OSError as error:
            raise StorageError(
                f"Pictures cannot be kept in {self._root} (SIGHTLINE_ORIGINALS): {error.strerror}."
            ) from error

    def add(self, data: bytes, picture_format: str) -> Original:
        """Write a file that is either whole or not there.

        The bytes go to a name that is never served, are forced to disk, and are then renamed.
        After a crash of the process everything acknowledged is there. After a loss of power the
        renames and rows of the last seconds may be missing, because only the file is forced: the
        folder and the database follow when the system writes them out.

        Raises:
            StorageError: The disk refused; nothing is left behind.
        """
        name = f"{self._new_id()}.{_EXTENSIONS[picture_format]}"
        unfinished = self._root / _UNFINISHED / name
        try:
            try:
                _write(unfinished, data)
                _rename(unfinished, self._place(name))
            except OSError:
                unfinished.unlink(missing_ok=True)
                raise
        except OSError as error:
            raise StorageError("The picture could not be saved, so it was not kept.") from error
        return Original(name, hashlib.sha256(data).hexdigest())

    def incoming(self) -> IncomingFile:
        """Open a file for an upload that is too large to be held in memory.

        Raises:
            StorageError: The disk refused.
        """
        try:
            return IncomingFile(self._root / _UNFINISHED / self._new_id(), self._place)
        except OSError as error:
            raise StorageError(_NOT_SAVED) from error

    def path(self, name: str) -> Path:
        """Return where a stored file lies.

        Raises:
            OriginalGoneError: It is not there.
        """
        place = self._place(name)
        if not place.is_file():
            raise OriginalGoneError("The original file of this result is no longer there.")
        return place

    def read(self, name: str) -> bytes:
        """Return the bytes of a stored file.

        Raises:
            OriginalGoneError: It is not there.
        """
        return self.path(name).read_bytes()

    def files(self) -> Iterator[Path]:
        """Yield every file that was written here, unfinished ones too, and no other."""
        for folder in sorted(self._root.iterdir()):
            is_ours = folder.name == _UNFINISHED or _FOLDER.fullmatch(folder.name)
            for path in sorted(folder.iterdir()) if is_ours and folder.is_dir() else ():
                if _NAME.fullmatch(path.name) or _PROBE.fullmatch(path.name):
                    yield path

    def discard(self, name: str) -> None:
        """Take a file away again whose row could not be written."""
        self._place(name).unlink(missing_ok=True)

    def _place(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise ValueError(f"expected 32 hexadecimal digits and an extension, got {name!r}")
        return self._root / name[:2] / name


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _opened(path: Path) -> BinaryIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("xb+")


def _rename(source: Path, target: Path) -> None:
    target.parent.mkdir(exist_ok=True)
    source.rename(target)
