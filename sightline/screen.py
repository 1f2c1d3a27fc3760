"""What the person at the terminal is told while a run goes on, on standard error."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from sightline.exceptions import SightlineError
from sightline.run import Tally
from sightline.sources import Failure
from sightline.writers.table import printable

_FAILURES_TOLD = 20


class Screen:
    """Standard error: a bar on terminals, failures as they come, a line at the end.

    Args:
        as_json: Write failures and errors as lines of JSON.
        is_quiet: Leave out the bar and the last line.
    """

    def __init__(self, *, as_json: bool = False, is_quiet: bool = False) -> None:
        self._console = Console(stderr=True, soft_wrap=True)
        self._as_json = as_json
        self._is_quiet = is_quiet
        self._has_bar = self._console.is_terminal and not (as_json or is_quiet)
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._failures = 0

    @property
    def has_bar(self) -> bool:
        """Whether it is worth knowing how many pictures there are."""
        return self._has_bar

    @contextmanager
    def bar(self, total: int | None, of: str = "pictures") -> Iterator[None]:
        """Show a bar while pictures are looked at.

        Args:
            total: How many there are, if that is known.
            of: What is counted.
        """
        if not self._has_bar:
            yield
            return
        columns = (
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
            TimeElapsedColumn(), TimeRemainingColumn(),
        )  # fmt: skip
        with Progress(*columns, console=self._console, transient=True) as self._bar:
            self._task = self._bar.add_task(of, total=total)
            yield

    def progress(self, tally: Tally) -> None:
        """Move the bar."""
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=tally.total)

    def failure(self, failure: Failure) -> None:
        """Tell of a picture that has no answer; of very many, only the first ones."""
        self._failures += 1
        if self._as_json:
            self._line(json.dumps({"error": failure_fields(failure)}))
        elif self._failures <= _FAILURES_TOLD:
            self._line(f"{printable(failure.file)}: {printable(failure.sentence)}")
        elif self._failures == _FAILURES_TOLD + 1:
            self._line("More have failed; --failures FILE writes the whole list.")

    def error(self, error: SightlineError) -> None:
        """Tell why the command could not be run."""
        if self._as_json:
            self._line(json.dumps({"error": {"kind": error.kind, "detail": str(error)}}))
        else:
            self._line(f"sightline: {printable(str(error))}")

    def summary(self, tally: Tally, *, hint: str = "") -> None:
        """Tell what has become of the pictures.

        Args:
            tally: The counts.
            hint: What else there is to say.
        """
        if self._is_quiet:
            return
        if self._as_json:
            self._line(json.dumps({"summary": _summary_fields(tally)}))
            return
        parts = [f"{_counted(tally)}: {tally.done:,} done"]
        if tally.remembered:
            parts.append(f"{tally.remembered:,} of them before")
        parts.append(f"{tally.failed:,} failed" if tally.failed else "none failed")
        if tally.dropped:
            parts.append(
                f"{tally.dropped:,} more dropped, because newer ones came before an answer"
            )
        self._line(f"{', '.join(parts)}. {hint}".rstrip())

    def _line(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, emoji=False)


def _summary_fields(tally: Tally) -> dict[str, int]:
    fields = {"done": tally.done, "remembered": tally.remembered, "failed": tally.failed}
    if tally.videos:
        fields |= {"frames": tally.frames, "videos": tally.videos}
    elif tally.pictures != tally.total:
        fields |= {"frames": tally.frames, "dropped": tally.dropped}
    return fields


def _counted(tally: Tally) -> str:
    """Return how many of what there were."""
    of = f" of {_number(tally.videos, 'video')}" if tally.videos else ""
    frames = f"{_number(tally.frames, 'frame')}{of}"
    if tally.pictures == tally.total:
        return _number(tally.pictures, "picture")
    return f"{_number(tally.pictures, 'picture')} and {frames}" if tally.pictures else frames


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def failure_fields(failure: Failure) -> dict[str, str]:
    """Return a failure as JSON has it."""
    return {"file": failure.file, "kind": failure.kind, "detail": failure.sentence}


def write_failure(out: TextIO, failure: Failure) -> None:
    """Write a line of the list of failures."""
    out.write(json.dumps(failure_fields(failure), ensure_ascii=False) + "\n")
    out.flush()
