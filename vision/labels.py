"""The names of a model's classes, and the text form they are kept in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Self

from vision.exceptions import LabelsError

_ENTRY = re.compile(r"\s*(?P<id>[0-9]{1,9})\s+(?P<name>\S.*?)\s*")


@dataclass(frozen=True, slots=True)
class Labels:
    r"""Class names by class id.

    Attributes:
        names: Name by id. Ids are 0 or more and may have gaps; a name is one line of text.

    Raises:
        LabelsError: An id is negative, or a name is empty, padded or longer than one line.

    Examples:
        >>> labels = Labels.parse("# COCO\n1 person\n18 dog\n44 wine glass\n")
        >>> labels[18], labels[44], labels[19]
        ('dog', 'wine glass', 'class 19')
        >>> len(labels)
        3
    """

    names: Mapping[int, str]

    def __post_init__(self) -> None:
        for class_id, name in self.names.items():
            if class_id < 0:
                raise LabelsError(f"class ids are 0 or more, got {class_id}")
            if name != name.strip() or len(name.splitlines()) != 1:
                raise LabelsError(f"the name of class {class_id} must be one line, got {name!r}")
        object.__setattr__(self, "names", MappingProxyType(dict(self.names)))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text of a ``labels.txt``.

        Args:
            text: One ``<id> <name>`` a line, in any order. Empty lines and lines that start with
                ``#`` are skipped.

        Raises:
            LabelsError: A line breaks that form or repeats an id; the message has its number.
        """
        names: dict[int, str] = {}
        for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            class_id, name = _entry(number, line)
            if class_id in names:
                raise LabelsError(f"line {number}: class {class_id} is there twice")
            names[class_id] = name
        return cls(names)

    def to_text(self) -> str:
        r"""Return the text that :meth:`parse` reads, ids rising.

        Examples:
            >>> Labels({2: "bicycle", 1: "person"}).to_text()
            '1 person\n2 bicycle\n'
        """
        return "".join(f"{class_id} {name}\n" for class_id, name in sorted(self.names.items()))

    def __getitem__(self, class_id: int) -> str:
        return self.names.get(class_id, f"class {class_id}")

    def __len__(self) -> int:
        return len(self.names)


def _entry(number: int, line: str) -> tuple[int, str]:
    entry = _ENTRY.fullmatch(line)
    if entry is None:
        raise LabelsError(f"line {number}: expected '<id> <name>', got {line!r}")
    return int(entry["id"]), entry["name"]
