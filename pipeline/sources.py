"""Where files come from: their publishers, or a mirror that holds them by name."""

from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from pipeline.catalogue import CatalogueEntry, ModelFile
from pipeline.digests import sha256_of
from pipeline.download import Downloader
from pipeline.exceptions import DownloadError
from pipeline.progress import Report

_COPY_BYTES = 1024 * 1024


class Source(Protocol):
    """Somewhere to bring files from; `str()` names it in messages."""

    def has(self, file: ModelFile) -> bool:
        """Tell whether a file can be had here.

        Raises:
            DownloadError: The source cannot be asked.
        """

    def bring(self, file: ModelFile, target: Path, report: Report) -> None:
        """Bring a file to `target`, unchecked.

        Raises:
            DownloadError: It did not work.
        """


class Publishers:
    """Each file from its publisher."""

    def __init__(self, downloader: Downloader) -> None:
        self._downloader = downloader

    def __str__(self) -> str:
        return "the publisher"

    def has(self, file: ModelFile) -> bool:
        """Tell whether the file is published at all; nobody is asked."""
        return file.is_published

    def bring(self, file: ModelFile, target: Path, report: Report) -> None:
        """Download the file, or what is missing of it."""
        file.download(self._downloader, target, report)


class HttpMirror:
    """A web server with the files directly below one address."""

    def __init__(self, base_url: str, downloader: Downloader) -> None:
        self._base_url = base_url.rstrip("/")
        self._downloader = downloader

    def __str__(self) -> str:
        return f"the mirror {self._base_url}"

    def has(self, file: ModelFile) -> bool:
        """Ask the server."""
        return self._downloader.exists(self._url(file))

    def bring(self, file: ModelFile, target: Path, report: Report) -> None:
        """Download the file, or what is missing of it."""
        self._downloader.fetch(self._url(file), target, report)

    def _url(self, file: ModelFile) -> str:
        return f"{self._base_url}/{quote(file.name)}"


class FolderMirror:
    """A folder with the files directly in it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __str__(self) -> str:
        return f"the mirror {self._folder}"

    def has(self, file: ModelFile) -> bool:
        """Look into the folder."""
        return (self._folder / file.name).is_file()

    def bring(self, file: ModelFile, target: Path, report: Report) -> None:
        """Copy the file, so that what is checked and what is used are the same bytes."""
        try:
            _copy(self._folder / file.name, target, report)
        except FileNotFoundError as error:
            raise DownloadError(f"The mirror {self._folder} has no {file.name}.") from error


class LocalFile:
    """One file of this machine, whatever it is called."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __str__(self) -> str:
        return f"the file {self._path}"

    def has(self, file: ModelFile) -> bool:
        """Tell whether it has the digest that is wanted, or the name where there is no digest."""
        if file.sha256 is None:
            return self._path.name == file.name
        return sha256_of(self._path) == file.sha256

    def bring(self, file: ModelFile, target: Path, report: Report) -> None:  # noqa: ARG002  # it has no other
        """Copy it, so that what is checked and what is used are the same bytes."""
        _copy(self._path, target, report)


def _copy(source: Path, target: Path, report: Report) -> None:
    part = target.with_name(f"{target.name}.part")
    with source.open("rb") as reader, part.open("wb") as writer:
        total = source.stat().st_size
        while data := reader.read(_COPY_BYTES):
            writer.write(data)
            report(writer.tell(), total)
    part.replace(target)


def choose_file(entry: CatalogueEntry, source: Source) -> ModelFile:
    """Return the file to make a model from: the first one that the source has.

    The only file of a model is returned without asking: bringing it will tell.

    Raises:
        DownloadError: The source has none of several, or cannot be asked.
    """
    if len(entry.files) == 1:
        return entry.files[0]
    for file in entry.files:
        if source.has(file):
            return file
    names = " or ".join(file.name for file in entry.files)
    raise DownloadError(f"{entry.name} cannot be fetched from {source}: expected {names}.")


def open_source(mirror: str | None, downloader: Downloader) -> Source:
    """Return the source that a person named.

    Args:
        mirror: A folder or a file, an http or https address, or None for the publishers.
        downloader: Does the downloading.

    Raises:
        DownloadError: `mirror` is neither.
    """
    if not mirror:
        return Publishers(downloader)
    if mirror.startswith(("http://", "https://")):
        return HttpMirror(mirror, downloader)
    if Path(mirror).is_dir():
        return FolderMirror(Path(mirror))
    if Path(mirror).is_file():
        return LocalFile(Path(mirror))
    raise DownloadError(
        f"The mirror {mirror!r} is neither a folder, nor a file, nor an http(s) address."
    )
