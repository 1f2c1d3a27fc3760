"""The forms in which answers are printed."""

from collections.abc import Callable, Mapping
from typing import TextIO

from sightline.writers.coco import CocoWriter
from sightline.writers.jsonl import JsonLinesWriter
from sightline.writers.table import TableWriter
from sightline.writers.tabular import CsvWriter
from sightline.writers.writer import Writer

FORMATS: Mapping[str, Callable[[TextIO], Writer]] = {
    "table": TableWriter,
    "jsonl": JsonLinesWriter,
    "csv": CsvWriter,
    "coco": CocoWriter,
}
"""What makes the writer of a form, by the form's name."""

__all__ = ["FORMATS", "Writer"]
