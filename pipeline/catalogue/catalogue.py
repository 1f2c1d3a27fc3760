"""Reading the catalogue."""

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from pipeline.catalogue.application import application_entry
from pipeline.catalogue.archive import archive_entry
from pipeline.catalogue.entry import CatalogueEntry
from pipeline.exceptions import CatalogueError
from pipeline.toml_table import TomlTable
from vision import Labels, VisionError


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
    """Read the table of a model, whose keys say what it is made from."""
    entry = (
        application_entry(name, table)
        if "application" in table
        else archive_entry(name, table, interfaces)
    )
    table.end()
    return entry
