"""Where archives come from: their publishers, or a mirror that holds them by file name."""

from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from pipeline.catalogue import CatalogueEntry
from pipeline.download import Downloader
from pipeline.exceptions import DownloadError
from pipeline.progress import Report

_COPY_BYTES = 1024 * 1024


class Source(Protocol):
    """Somewhere to bring archives from; `str()` names it in messages."""

    def has(self, entry: CatalogueEntry) -> bool:
        """Tell whether the archive of a model can be had here.

        Raises:
            DownloadError: The source cannot be asked.
        """

    def bring(self, entry: CatalogueEntry, target: Path, report: Report) -> None:
        """Bring the archive of a model to `target`, unchecked.

        Raises:
            DownloadError: It did not work.
        """


class Publishers:
    """Each archive from the address in the catalogue."""

    def __init__(self, downloader: Downloader) -> None:
        self._downloader = downloader

    def __str__(self) -> str:
        return "the publisher"

    def has(self, entry: CatalogueEntry) -> bool:
        """Tell whether the archive is published at all; nobody is asked."""
        return entry.url is not None

    def bring(self, entry: CatalogueEntry, target: Path, report: Report) -> None:
        """Download the archive, or what is missing of it."""
        if entry.url is None:
            raise DownloadError(
                f"{entry.name} is in mirrors only: name one that has {entry.archive} with --mirror "
                "or SIGHTLINE_MODEL_MIRROR."
            )
        self._downloader.fetch(entry.url, target, report)


class HttpMirror:
    """A web server with the archives directly below one address."""

    def __init__(self, base_url: str, downloader: Downloader) -> None:
        self._base_url = base_url.rstrip("/")
        self._downloader = downloader

    def __str__(self) -> str:
        return f"the mirror {self._base_url}"

    def has(self, entry: CatalogueEntry) -> bool:
        """Ask the server."""
        return self._downloader.exists(self._url(entry))

    def bring(self, entry: CatalogueEntry, target: Path, report: Report) -> None:
        """Download the archive, or what is missing of it."""
        self._downloader.fetch(self._url(entry), target, report)

    def _url(self, entry: CatalogueEntry) -> str:
        return f"{self._base_url}/{quote(entry.archive)}"


class FolderMirror:
    """A folder with the archives directly in it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __str__(self) -> str:
        return f"the mirror {self._folder}"

    def has(self, entry: CatalogueEntry) -> bool:
        """Look into the folder."""
        return (self._folder / entry.archive).is_file()

    def bring(self, entry: CatalogueEntry, target: Path, report: Report) -> None:
        """Copy the archive, so that what is checked and what is unpacked are the same bytes."""
        source, part = self._folder / entry.archive, target.with_name(f"{target.name}.part")
        try:
            with source.open("rb") as reader, part.open("wb") as writer:
                total = source.stat().st_size
                while data := reader.read(_COPY_BYTES):
                    writer.write(data)
                    report(writer.tell(), total)
            part.replace(target)
        except FileNotFoundError as error:
            raise DownloadError(f"The mirror {self._folder} has no {entry.archive}.") from error


def open_source(mirror: str | None, downloader: Downloader) -> Source:
    """Return the source that a person named.

    Args:
        mirror: A folder, an http or https address, or None for the publishers.
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
    raise DownloadError(f"The mirror {mirror!r} is neither a folder nor an http(s) address.")
