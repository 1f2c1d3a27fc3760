"""The files that models are made from, and how their publishers hand them out."""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pipeline.applications.application import Application
from pipeline.applications.process import download_in_process
from pipeline.download import Downloader
from pipeline.exceptions import DownloadError
from pipeline.progress import Report

PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFile:
    """A file that a model can be made from.

    Attributes:
        name: Its name, by which a mirror has it.
        source_url: Where the weights come from.
        url: Where its publisher has it, or None where only a mirror does.
        sha256: 64 hexadecimal digits, or None where nobody published it.
        size_bytes: None where nobody published it.

    Raises:
        ValueError: A value is out of range.
    """

    name: str
    source_url: str
    url: str | None = None
    sha256: str | None = None
    size_bytes: int | None = None

    def __post_init__(self) -> None:
        if not PLAIN_NAME.fullmatch(self.name):
            raise ValueError(f"{self.name!r} cannot be a file's name")
        if not self.source_url:
            raise ValueError("source_url must be there where url is not")
        if self.url is not None and urlsplit(self.url).scheme not in {"http", "https"}:
            raise ValueError(f"url must start with http:// or https://, got {self.url!r}")
        if self.sha256 is not None and not _SHA256.fullmatch(self.sha256):
            raise ValueError(f"sha256 must be 64 hexadecimal digits, got {self.sha256!r}")
        if self.size_bytes is not None and self.size_bytes < 1:
            raise ValueError(f"size_bytes must be at least 1, got {self.size_bytes}")

    @property
    def is_published(self) -> bool:
        """Whether its publisher hands it out, so that no mirror is needed."""
        return self.url is not None

    def download(self, downloader: Downloader, target: Path, report: Report) -> None:
        """Bring it from its publisher.

        Args:
            downloader: Does the downloading.
            target: Appears, whole, when all bytes are here.
            report: Called with the bytes that are here and the bytes there are, if known.

        Raises:
            DownloadError: It did not work.
        """
        if self.url is None:
            raise DownloadError(
                f"{self.name} is in mirrors only: name one that has it with --mirror or "
                "SIGHTLINE_MODEL_MIRROR."
            )
        downloader.fetch(self.url, target, report)


@dataclass(frozen=True, slots=True, kw_only=True)
class KerasWeights(ModelFile):
    """The ImageNet weights of a Keras application, which Keras itself knows how to bring.

    Attributes:
        application: Whose weights they are.
    """

    application: Application

    @property
    def is_published(self) -> bool:
        """Keras has an address for them, or says that it has none when it is asked."""
        return True

    def download(self, downloader: Downloader, target: Path, report: Report) -> None:  # noqa: ARG002  # Keras has its own
        """Have Keras bring them; it begins anew after an interruption."""
        download_in_process(self.application, target, report)
