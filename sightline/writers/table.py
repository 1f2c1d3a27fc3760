"""Answers as a table for people: one for each picture, a column for each model."""

from collections.abc import Sequence
from itertools import zip_longest
from typing import TextIO

from sightline.answers import DETECTION, Answer
from vision import Detection

_GAP = "   "
_NOTHING = "nothing found"


class TableWriter:
    """A paragraph for each picture.

    Args:
        out: Where to.
    """

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def write(self, answers: Sequence[Answer]) -> None:
        """See `Writer`."""
        first = answers[0]
        moment = "" if first.moment_s is None else f" at {first.moment_s:.3f} s"
        lines = [f"{printable(first.file)}{moment}  {first.width} x {first.height}"]
        columns = [_column(answer) for answer in answers]
        widths = [max(map(len, column)) for column in columns]
        for cells in zip_longest(*columns, fillvalue=""):
            padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
            lines.append(f"  {_GAP.join(padded)}".rstrip())
        self._out.write("\n".join(lines) + "\n")
        self._out.flush()

    def close(self) -> None:
        """See `Writer`."""


def _column(answer: Answer) -> list[str]:
    """Return what a model says, line by line."""
    version = "" if answer.version is None else f" version {answer.version}"
    found = answer.objects if answer.task == DETECTION else answer.classes
    width = max((len(printable(each.label)) for each in found), default=0)
    lines = [f"{answer.model}{version}"]
    for each in found:
        where = f"  {_where(each)}" if isinstance(each, Detection) else ""
        lines.append(f"{printable(each.label):<{width}}  {each.score:>6.1%}{where}")
    if not found:
        lines.append(_NOTHING)
    if answer.explained is not None:
        explained = answer.explained
        lines.append(f"{printable(explained.label)} explained in {printable(explained.overlay)}")
    return lines


def _where(found: Detection) -> str:
    x_min, y_min, x_max, y_max = (round(pixel) for pixel in found.xyxy)
    return f"x {x_min} to {x_max}, y {y_min} to {y_max}"


def printable(text: str) -> str:
    r"""Return the text without characters that would move the cursor or ring the bell.

    Examples:
        >>> printable("a\x1b[31m b\n.jpg")
        'a\\x1b[31m b\\n.jpg'
    """
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in text
    )
