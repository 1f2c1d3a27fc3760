"""The catalogue: which models there are, where they come from and how they want to be fed.

The form of `catalogue.toml` is described at the head of that file.
"""

import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Self
from urllib.parse import urlsplit

from pipeline.exceptions import CatalogueError
from pipeline.toml_table import TomlTable
from vision import InputSpec, Labels, ModelCard, OutputNames, Resize, VisionError

_FOLDER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_RESERVED_NAMES = frozenset({"labels"})  # the folder of the label sets
_ANY_SHA256 = "0" * 64


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """One model that can be fetched.

    Attributes:
        name: Its name on the server and of its folder.
        title: Its name for people.
        task: What it does, such as `"detection"`.
        summary: One line for a person choosing.
        licence: SPDX identifier of the weights' licence.
        url: The publisher's archive, or None where only a mirror has it.
        archive: File name of the archive.
        source_url: Where the weights come from.
        sha256: Of the archive, 64 hexadecimal digits, or None where nobody published it.
        size_bytes: Of the archive, or None where nobody published it.
        saved_model: Folder of the SavedModel inside the archive.
        labels: Name of the label set.
        input: What the model wants to be fed.
        outputs: What it calls its answers.
        threshold: Default score threshold, 0..1.
        rank: Of the installed models, the one with the lowest rank is offered first.

    Raises:
        ValueError: A value is out of range.
    """

    name: str
    title: str
    task: str
    summary: str
    licence: str
    url: str | None
    archive: str
    source_url: str
    sha256: str | None
    size_bytes: int | None
    saved_model: PurePosixPath
    labels: str
    input: InputSpec
    outputs: OutputNames
    threshold: float
    rank: int

    def __post_init__(self) -> None:
        if self.name in _RESERVED_NAMES or not _FOLDER_NAME.fullmatch(self.name):
            raise ValueError(f"{self.name!r} cannot be a model's name")
        for key in ("archive", "labels"):
            if not _FOLDER_NAME.fullmatch(getattr(self, key)):
                raise ValueError(f"{key} must be a plain name, got {getattr(self, key)!r}")
        if not self.source_url:
            raise ValueError("source_url must be there where url is not")
        if self.url is not None and urlsplit(self.url).scheme not in {"http", "https"}:
            raise ValueError(f"url must start with http:// or https://, got {self.url!r}")
        if self.sha256 is not None and not _SHA256.fullmatch(self.sha256):
            raise ValueError(f"sha256 must be 64 hexadecimal digits, got {self.sha256!r}")
        if self.size_bytes is not None and self.size_bytes < 1:
            raise ValueError(f"size_bytes must be at least 1, got {self.size_bytes}")
        if self.saved_model.is_absolute() or ".." in self.saved_model.parts:
            raise ValueError(f"saved_model must be a folder in the archive, got {self.saved_model}")
        self.card(_ANY_SHA256)

    def card(self, archive_sha256: str) -> ModelCard:
        """Return the facts that go into `model.toml` once the archive is here.

        Args:
            archive_sha256: Of the archive that the model was installed from.

        Raises:
            ModelCardError: A fact is not as a model card wants it.
        """
        return ModelCard(
            name=self.name,
            title=self.title,
            task=self.task,
            summary=self.summary,
            licence=self.licence,
            source_url=self.source_url,
            archive_sha256=archive_sha256,
            rank=self.rank,
            threshold=self.threshold,
            input=self.input,
            outputs=self.outputs,
        )


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All models that can be fetched.

    Attributes:
        path: The file it was read from; label sets are in `labels/` beside it.
        entries: By name, in the file's order.
        defaults: Names of the models to fetch when none is asked for, the most wanted first.
    """

    path: Path
    entries: Mapping[str, CatalogueEntry]
    defaults: tuple[str, ...]

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read and check a catalogue.

        Raises:
            CatalogueError: It cannot be read, or something in it is not as it should be.
        """
        try:
            return cls(path, *_parse(path.read_text(encoding="utf-8")))
        except OSError as error:
            raise CatalogueError(f"Cannot read the catalogue {path}: {error.strerror}.") from error
        except (ValueError, VisionError) as error:
            raise CatalogueError(f"The catalogue {path} is not valid: {error}.") from error

    def entry(self, name: str) -> CatalogueEntry:
        """Return the model called `name`.

        Raises:
            CatalogueError: There is none; the message says which name may have been meant.
        """
        if name in self.entries:
            return self.entries[name]
        close = difflib.get_close_matches(name, self.entries, n=1)
        hint = f"did you mean {close[0]}?" if close else "`models list` shows the names."
        raise CatalogueError(f"The catalogue {self.path} has no model {name!r}; {hint}")

    def labels(self, entry: CatalogueEntry) -> Labels:
        """Read the label set of a model.

        Raises:
            CatalogueError: It cannot be read, or is not valid.
        """
        path = self.path.parent / "labels" / f"{entry.labels}.txt"
        try:
            return Labels.parse(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise CatalogueError(f"Cannot read the label set {path}: {error.strerror}.") from error
        except (ValueError, VisionError) as error:
            raise CatalogueError(f"The label set {path} is not valid: {error}.") from error


def _parse(text: str) -> tuple[dict[str, CatalogueEntry], tuple[str, ...]]:
    file = TomlTable(tomllib.loads(text))
    interfaces = _subtables(file, "interfaces")
    entries = {}
    for name, fields in _subtables(file, "models").items():
        try:
            entries[name] = _entry(name, TomlTable(fields), interfaces)
        except (ValueError, VisionError) as error:
            raise ValueError(f"in [models.{name}], {error}") from error
    defaults = TomlTable(file.take("defaults", dict), "defaults.")
    names = tuple(defaults.take("models", list))
    for name in names:
        if name not in entries:
            raise ValueError(f"[defaults] names {name!r}, which is no model of this file")
    defaults.end()
    file.end()
    return entries, names


def _subtables(file: TomlTable, key: str) -> dict[str, dict[str, Any]]:
    tables = file.take(key, dict)
    group = TomlTable(tables, f"{key}.")
    return {name: group.take(name, dict) for name in tables}


def _entry(name: str, table: TomlTable, interfaces: Mapping[str, dict[str, Any]]) -> CatalogueEntry:
    interface = table.take("interface", str)
    if interface not in interfaces:
        raise ValueError(f"there is no [interfaces.{interface}]")
    resize = _resize(TomlTable(table.take("resize", dict), "resize."))
    spec, outputs = _interface(TomlTable(interfaces[interface], f"{interface}."), resize)
    url, archive = table.take_if_present("url", str), table.take_if_present("archive", str)
    if (url is None) == (archive is None):
        raise ValueError("exactly one of url and archive must be there")
    entry = CatalogueEntry(
        name=name,
        title=table.take("title", str),
        task=table.take("task", str),
        summary=table.take("summary", str),
        licence=table.take("licence", str),
        url=url,
        archive=archive or PurePosixPath(urlsplit(url or "").path).name,
        source_url=table.take_if_present("source_url", str) or url or "",
        sha256=table.take_if_present("sha256", str),
        size_bytes=table.take_if_present("size_bytes", int),
        saved_model=PurePosixPath(table.take("saved_model", str)),
        labels=table.take("labels", str),
        input=spec,
        outputs=outputs,
        threshold=table.take("threshold", float),
        rank=table.take("rank", int),
    )
    table.end()
    return entry


def _resize(table: TomlTable) -> Resize:
    method: Any = table.take("method", str)  # which ones there are is for Resize to say
    width, height = (table.take_if_present(side, int) or 0 for side in ("width", "height"))
    table.end()
    return Resize(method, width, height)


def _interface(table: TomlTable, resize: Resize) -> tuple[InputSpec, OutputNames]:
    signature, tensor, dtype = (table.take(key, str) for key in ("signature", "tensor", "dtype"))
    outputs = TomlTable(table.take("outputs", dict), "outputs.")
    names = OutputNames(
        boxes=outputs.take("boxes", str),
        scores=outputs.take("scores", str),
        classes=outputs.take("classes", str),
        count=outputs.take_if_present("count", str),
    )
    outputs.end()
    table.end()
    return InputSpec(signature, tensor, dtype, resize), names
