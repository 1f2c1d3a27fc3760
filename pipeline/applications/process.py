"""Asking another process to download or to export, so that TensorFlow's memory goes with it.

It also keeps a crash of TensorFlow, and what it says on the terminal, away from this process.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from pipeline.applications.application import Application
from pipeline.exceptions import DownloadError, ExportError
from pipeline.progress import Report

_MODULE = "pipeline.applications"
_LOOK_EVERY_S = 0.5
_TAIL_LINES = 3
_ERRORS = {"DownloadError": DownloadError, "ExportError": ExportError}


def export_in_process(
    application: Application, weights: Path, class_names: Sequence[str], folder: Path
) -> None:
    """Do `export_application` in a process of its own.

    Raises:
        ExportError: It did not work; `folder` may hold some of its files.
        OSError: The disk is full, or cannot be written to.
    """
    order = {"weights": str(weights), "class_names": list(class_names), "folder": str(folder)}
    with tempfile.TemporaryDirectory() as keras_home:
        _ask("export", application, order, Path(keras_home))


def download_in_process(application: Application, target: Path, report: Report) -> None:
    """Have Keras download the ImageNet weights of an application, in a process of its own.

    Args:
        application: The application.
        target: Appears, whole, when the weights are here and Keras has checked them.
        report: Called with the bytes that are here; how many there are, only Keras knows.

    Raises:
        ExportError: There is no such application.
        DownloadError: Keras has no weights for these arguments, or could not bring them.
        OSError: The disk is full, or cannot be written to.
    """
    # Beside the target, because weights may be larger than a folder for temporary files.
    keras_home = target.with_name(f"{target.name}.keras")
    shutil.rmtree(keras_home, ignore_errors=True)  # what a crash left
    keras_home.mkdir()
    try:
        order = {"target": str(target)}
        _ask(
            "download",
            application,
            order,
            keras_home,
            lambda: report(_size(keras_home / "models"), None),
        )
    finally:
        shutil.rmtree(keras_home, ignore_errors=True)


def _ask(
    do: str,
    application: Application,
    order: Mapping[str, Any],
    keras_home: Path,
    watch: Callable[[], None] = lambda: None,
) -> None:
    """Run the other process, and raise what it reports.

    Args:
        do: `"export"` or `"download"`.
        application: What to export, or to download the weights of.
        order: What else the other process has to know.
        keras_home: Where Keras keeps settings and downloads; nobody else's are to play a part.
        watch: Called now and then meanwhile.
    """
    question = json.dumps({"do": do, "application": application.to_json(), **order})
    with subprocess.Popen(  # noqa: S603  # our own module, and no shell
        [sys.executable, "-m", _MODULE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=_environment(keras_home),
    ) as process:
        try:
            stdout, stderr = _talk(process, question, watch)
        except BaseException:
            process.kill()
            raise
    _raise_error_of(application, process.returncode, stdout, stderr)


def _talk(
    process: subprocess.Popen[str], question: str, watch: Callable[[], None]
) -> tuple[str, str]:
    asked: str | None = question
    while True:
        try:
            return process.communicate(asked, timeout=_LOOK_EVERY_S)
        except subprocess.TimeoutExpired:
            asked = None  # `communicate` keeps it, and goes on
            watch()


def _size(folder: Path) -> int:
    """Return the size of all files in a folder, which may be moved away meanwhile."""
    total = 0
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):
            total += path.stat().st_size if path.is_file() else 0
    return total


def _environment(keras_home: Path) -> dict[str, str]:
    return {
        **os.environ,
        "KERAS_HOME": str(keras_home),
        "KERAS_BACKEND": "tensorflow",
        "TF_CPP_MIN_LOG_LEVEL": "2",  # errors only
        "CUDA_VISIBLE_DEVICES": "-1",  # nothing is computed, and a GPU may be serving
    }


def _raise_error_of(application: Application, code: int, stdout: str, stderr: str) -> None:
    try:
        error = json.loads(stdout)["error"]
    except (ValueError, LookupError):
        how = _how(code, stderr)
        raise ExportError(f"The process that exports {application.name} ended {how}") from None
    if error is None:
        return
    if error["kind"] == "OSError":
        raise OSError(error["errno"], error["message"], error["filename"])
    raise _ERRORS[error["kind"]](error["message"])


def _how(code: int, stderr: str) -> str:
    if code < 0:
        return f"by {signal.Signals(-code).name}; is there too little memory?"
    tail = " / ".join(stderr.strip().splitlines()[-_TAIL_LINES:])
    return f"with code {code}: {tail or 'it said nothing'}."
