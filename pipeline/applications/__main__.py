"""The process that exports: an order as JSON on standard input, its error as JSON on the output."""

import json
import os
import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from pathlib import Path
from shutil import move
from typing import Any

from pipeline.applications.application import Application
from pipeline.exceptions import DownloadError, ExportError

_INTERRUPTED = 130


def main() -> int:
    """Carry out the order; what Keras prints goes to standard error."""
    order = json.load(sys.stdin)
    with redirect_stdout(sys.stderr):
        error = _error_of(order)
    json.dump({"error": error}, sys.stdout)
    return 0


def _error_of(order: Mapping[str, Any]) -> dict[str, Any] | None:
    try:
        _carry_out(order)
    except (DownloadError, ExportError) as error:
        return {"kind": type(error).__name__, "message": str(error)}
    except OSError as error:
        reason = {"errno": error.errno, "filename": error.filename}
        return {"kind": "OSError", "message": error.strerror or str(error), **reason}
    return None


def _carry_out(order: Mapping[str, Any]) -> None:
    application = Application(**order["application"])
    try:
        # They import TensorFlow, which takes seconds, and may not be installed.
        from pipeline.applications.download import download_weights  # noqa: PLC0415
        from pipeline.applications.export import export_application  # noqa: PLC0415
    except ImportError as error:
        raise ExportError(
            f"Exporting {application.name} needs TensorFlow and Keras: {error}. Install them with "
            "`pip install 'sightline[pipeline]'`."
        ) from error
    if order["do"] == "download":
        file = download_weights(application, Path(os.environ["KERAS_HOME"]))
        move(file, order["target"])
    else:
        weights, folder = Path(order["weights"]), Path(order["folder"])
        export_application(application, weights, order["class_names"], folder)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
