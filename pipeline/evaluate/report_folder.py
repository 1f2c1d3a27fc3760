"""Putting a report into a folder, in the place of a former one and of nothing else."""

import json
from collections.abc import Mapping
from pathlib import Path

from pipeline.atomic_file import sync, sync_tree
from pipeline.evaluate.report import FORM
from pipeline.exceptions import EvaluationError

PAGE_FILE = "report.html"
JSON_FILE = "report.json"
PRECISION_RECALL_FILE = "precision_recall.svg"
CONFUSION_FILE = "confusion.svg"
WORST_FILE = "worst.jpg"
_FILES = frozenset({PAGE_FILE, JSON_FILE, PRECISION_RECALL_FILE, CONFUSION_FILE, WORST_FILE})


def check_replaceable(folder: Path) -> None:
    """Make sure that a report may be put there.

    Raises:
        EvaluationError: There is something that is no former report.
    """
    if not folder.exists():
        if folder.is_symlink():
            raise EvaluationError(f"{folder} leads nowhere, so no report can be put there.")
        return
    if not folder.is_dir():
        raise EvaluationError(f"{folder} is no folder, so no report can be put there.")
    names = {path.name for path in folder.iterdir()}
    strangers = sorted(names - _FILES)
    if strangers:
        raise EvaluationError(
            f"{folder} holds something that is no report ({strangers[0]}); choose another folder."
        )
    if names and not _is_report(folder / JSON_FILE):
        raise EvaluationError(f"{folder} holds files but no former report; choose another folder.")


def replace_report(folder: Path, files: Mapping[str, bytes]) -> None:
    """Put a report in a folder, whole or not at all; what is no report is never deleted.

    Args:
        folder: Where to; made, with its parents, where it does not exist.
        files: Contents by the names of this module.

    Raises:
        EvaluationError: There is something that is no former report.
    """
    folder = folder.resolve()
    check_replaceable(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    new, old = (folder.with_name(f".{folder.name}.{state}") for state in ("new", "old"))
    for left_by_a_crash in (new, old):
        _remove(left_by_a_crash)
    new.mkdir()
    for name, content in files.items():
        (new / name).write_bytes(content)
    sync_tree(new)
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
    sync(folder.parent)
    _remove(old)


def _is_report(path: Path) -> bool:
    try:
        fields = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(fields, dict) and fields.get("form") == FORM


def _remove(folder: Path) -> None:
    """Remove a folder that holds files of a report and nothing else, if it is there."""
    if not folder.is_dir():
        return
    if not {path.name for path in folder.iterdir()} <= _FILES:
        raise EvaluationError(f"{folder} is in the way; remove or rename it.")
    for name in _FILES:
        (folder / name).unlink(missing_ok=True)
    folder.rmdir()
