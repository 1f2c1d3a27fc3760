"""Taking a SavedModel out of an archive that may be hostile."""

import lzma
import shutil
import tarfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, cast

from pipeline.exceptions import ArchiveError

READY_FILE = "saved_model.pb"
"""Model servers take a version folder for complete when this file is in it."""

_PADDING_BYTES_MAX = 1024 * 1024


@dataclass(frozen=True, slots=True)
class UnpackLimits:
    """How much an archive may hold.

    Attributes:
        bytes_max: Of all files together, unpacked.
        members_max: Files and folders.
    """

    bytes_max: int = 4 * 1024**3
    members_max: int = 10_000

    def __post_init__(self) -> None:
        if self.bytes_max < 1 or self.members_max < 1:
            raise ValueError(f"limits must be at least 1, got {self}")


def unpack_saved_model(
    archive: Path, saved_model: PurePosixPath, target: Path, limits: UnpackLimits = UnpackLimits()
) -> None:
    """Write the SavedModel of a tar archive, of any compression, to a new folder.

    Only regular files below `saved_model` are written, with permissions of our own;
    `saved_model.pb` gets its name last. An archive is refused as a whole when any member of it,
    wanted or not, lies or links outside the archive or is a device, or when there is too much.

    Args:
        archive: A file whose checksum was verified.
        saved_model: Folder of the SavedModel inside the archive.
        target: The folder to make.
        limits: How much is too much.

    Raises:
        ArchiveError: The archive is hostile or damaged, or has no such SavedModel; `target` may
            then hold some of its files.
    """
    try:
        with tarfile.open(archive) as tar:
            _unpack(tar, saved_model, target, limits)
    except _Refused as refused:
        raise ArchiveError(f"{archive.name} is refused: {refused}.") from refused
    except tarfile.FilterError as error:
        raise ArchiveError(f"{archive.name} is refused: {error}.") from error
    except (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, ValueError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the disk is at fault, not the archive
        raise ArchiveError(f"{archive.name} is damaged or no tar archive: {error}.") from error


class _Refused(Exception):  # noqa: N818 - a reason, which becomes an ArchiveError
    """Why an archive is refused."""


def _unpack(
    tar: tarfile.TarFile, saved_model: PurePosixPath, target: Path, limits: UnpackLimits
) -> None:
    target.mkdir()
    unready = target / f"{READY_FILE}.unready"
    unpacked_bytes = 0
    for number, member in enumerate(tar, start=1):
        unpacked_bytes += member.size
        if number > limits.members_max or unpacked_bytes > limits.bytes_max:
            raise _Refused(
                f"it holds more than {limits.bytes_max} bytes or {limits.members_max} members"
            )
        path = _safe_path(member, target)
        if member.isdir() or not path.is_relative_to(saved_model):
            continue
        inside = path.relative_to(saved_model)
        if not member.isreg():
            raise _Refused(f"{member.name!r} is a link, which no SavedModel has")
        _write(tar, member, unready if str(inside) == READY_FILE else target / inside)
    if not unready.exists():
        raise _Refused(f"it has no {saved_model / READY_FILE}")
    _check_end(tar)
    unready.rename(target / READY_FILE)


def _check_end(tar: tarfile.TarFile) -> None:
    """Read to the end of the file, where compressed forms have their checksum."""
    stream = cast("IO[bytes]", tar.fileobj)
    if len(stream.read(_PADDING_BYTES_MAX + 1)) > _PADDING_BYTES_MAX:
        raise _Refused("there is more behind its end")


def _safe_path(member: tarfile.TarInfo, target: Path) -> PurePosixPath:
    """Return the path of a member inside the archive.

    Python's own filter refuses devices and links that lead outside. It lets `/x` and `a/../x`
    pass, which are harmless where it extracts them; no honest archive has them.
    """
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts or member.size < 0:
        raise _Refused(f"{member.name!r} leaves the folder it is unpacked to")
    tarfile.data_filter(member, str(target))
    return path


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    reader = cast("IO[bytes]", tar.extractfile(member))  # regular files have content
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as writer, reader:
            shutil.copyfileobj(reader, writer)
    except (FileExistsError, NotADirectoryError) as error:
        raise _Refused(f"{member.name!r} is there twice") from error
