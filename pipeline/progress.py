"""Showing how far something long has come: a bar on a terminal, a line now and then elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

from rich.console import Console
from rich.filesize import decimal
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

Report = Callable[[int, int | None], None]
"""Takes how much is done and, where known, how much there is."""

Unit = Literal["bytes", "pictures"]


@contextmanager
def progress(label: str, unit: Unit, console: Console) -> Iterator[Report]:
    """Show the progress of one thing.

    Args:
        label: What is being done.
        unit: What is counted.
        console: Where to show it.
    """
    if console.is_terminal:
        with _bar(unit, console) as bar:
            task = bar.add_task(label, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)
    else:
        yield _Lines(label, unit, console)


def _bar(unit: Unit, console: Console) -> Progress:
    counts = (
        (DownloadColumn(), TransferSpeedColumn()) if unit == "bytes" else (MofNCompleteColumn(),)
    )
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        *counts,
        TimeRemainingColumn(),
        console=console,
    )


class _Lines:
    """A line for the first report and for every further quarter."""

    def __init__(self, label: str, unit: Unit, console: Console) -> None:
        self._label = label
        self._unit = unit
        self._console = console
        self._quarter = -1

    def __call__(self, done: int, total: int | None) -> None:
        quarter = 4 * done // total if total else 0
        if quarter <= self._quarter:
            return
        self._quarter = quarter
        self._console.print(
            f"{self._label}: {self._counts(done, total)}",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )

    def _counts(self, done: int, total: int | None) -> str:
        if self._unit != "bytes":
            return f"{done} of {total} {self._unit}"
        return f"{decimal(done)} of {decimal(total)}" if total else decimal(done)
