"""Models that are published as an archive with a SavedModel in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from pipeline.catalogue.entry import CatalogueEntry
from pipeline.catalogue.model_file import ModelFile
from pipeline.toml_table import TomlTable
from pipeline.unpack import unpack_saved_model
from vision import DetectionOutputs, InputSpec, Labels, Resize


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveEntry(CatalogueEntry):
    """A model in an archive.

    Attributes:
        saved_model: Folder of the SavedModel inside the archive.
    """

    saved_model: PurePosixPath

    def __post_init__(self) -> None:
        CatalogueEntry.__post_init__(self)
        if self.saved_model.is_absolute() or ".." in self.saved_model.parts:
            raise ValueError(f"saved_model must be a folder in the archive, got {self.saved_model}")

    def make(self, file: Path, labels: Labels, saved_model: Path) -> None:  # noqa: ARG002  # the archive has no use for names
        """Unpack the archive; see `CatalogueEntry.make`."""
        unpack_saved_model(file, self.saved_model, saved_model)


def archive_entry(
    name: str, table: TomlTable, interfaces: Mapping[str, dict[str, Any]]
) -> ArchiveEntry:
    """Read the table of a model in an archive.

    Args:
        name: Of the model.
        table: Its table; every key is taken.
        interfaces: The tables that its key `interface` can name.

    Raises:
        ValueError: A key is missing, or its value out of range.
    """
    interface = table.take("interface", str)
    if interface not in interfaces:
        raise ValueError(f"there is no [interfaces.{interface}]")
    resize = _resize(TomlTable(table.take("resize", dict), "resize."))
    spec, outputs = _interface(TomlTable(interfaces[interface], f"{interface}."), resize)
    return ArchiveEntry(
        name=name,
        title=table.take("title", str),
        task=table.take("task", str),
        summary=table.take("summary", str),
        licence=table.take("licence", str),
        files=(_archive(table),),
        saved_model=PurePosixPath(table.take("saved_model", str)),
        labels=table.take("labels", str),
        input=spec,
        outputs=outputs,
        threshold=table.take("threshold", float),
        rank=table.take("rank", int),
    )


def _archive(table: TomlTable) -> ModelFile:
    url, archive = table.take_if_present("url", str), table.take_if_present("archive", str)
    if (url is None) == (archive is None):
        raise ValueError("exactly one of url and archive must be there")
    return ModelFile(
        name=archive or PurePosixPath(urlsplit(url or "").path).name,
        url=url,
        source_url=table.take_if_present("source_url", str) or url or "",
        sha256=table.take_if_present("sha256", str),
        size_bytes=table.take_if_present("size_bytes", int),
    )


def _resize(table: TomlTable) -> Resize:
    method: Any = table.take("method", str)  # which ones there are is for Resize to say
    width, height = (table.take_if_present(side, int) or 0 for side in ("width", "height"))
    table.end()
    return Resize(method, width, height)


def _interface(table: TomlTable, resize: Resize) -> tuple[InputSpec, DetectionOutputs]:
    signature, tensor, dtype = (table.take(key, str) for key in ("signature", "tensor", "dtype"))
    outputs = TomlTable(table.take("outputs", dict), "outputs.")
    names = DetectionOutputs(
        boxes=outputs.take("boxes", str),
        scores=outputs.take("scores", str),
        classes=outputs.take("classes", str),
        count=outputs.take_if_present("count", str),
    )
    outputs.end()
    table.end()
    return InputSpec(signature, tensor, dtype, resize), names
