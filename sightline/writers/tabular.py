"""Answers as comma-separated values."""

import csv
from collections.abc import Iterator, Sequence
from typing import TextIO

from sightline.answers import Answer, Explained
from vision import ClassScore, Detection

COLUMNS = (
    "file", "moment_s", "width", "height", "model", "version", "label", "class_id", "score",
    "x_min", "y_min", "x_max", "y_max", "overlay",
)  # fmt: skip
_NO_BOX = ("", "", "", "")
# A spreadsheet takes a cell that starts with one of these for a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class CsvWriter:
    """A row for each object or class; none for a picture in which nothing was found.

    The four columns of the box are empty for a class, the moment is for a picture. What was
    explained has a row of its own, the last of its picture, with the path of the overlay.

    Args:
        out: Where to.
    """

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._rows = csv.writer(out)
        self._rows.writerow(COLUMNS)

    def write(self, answers: Sequence[Answer]) -> None:
        """See `Writer`."""
        for answer in answers:
            self._rows.writerows(_rows(answer))
        self._out.flush()

    def close(self) -> None:
        """See `Writer`."""


def _rows(answer: Answer) -> Iterator[Sequence[object]]:
    start = (
        _as_text_cell(answer.file), answer.moment_s, answer.width, answer.height, answer.model,
        answer.version,
    )  # fmt: skip
    for found in answer.objects:
        yield *start, *_named(found), *found.xyxy, ""
    for each in answer.classes:
        yield *start, *_named(each), *_NO_BOX, ""
    if answer.explained is not None:
        yield *start, *_named(answer.explained), *_NO_BOX, _as_text_cell(answer.explained.overlay)


def _named(found: Detection | ClassScore | Explained) -> tuple[object, ...]:
    return _as_text_cell(found.label), found.class_id, found.score


def _as_text_cell(text: str) -> str:
    """Return the text so that no spreadsheet takes it for a formula.

    See https://owasp.org/www-community/attacks/CSV_Injection.
    """
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
